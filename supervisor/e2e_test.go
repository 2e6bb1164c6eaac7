package supervisor_test

import (
	"testing"

	"registrar/actors/otp/otptest"
	"registrar/amqpbridge/link/rabbit/brokertest"
	"registrar/amqpbridge/wire"
	"registrar/supervisor/test/kamailio"
)

// A SIP phone (SIPp) registers at a real Kamailio, which asks this registrar over a real RabbitMQ;
// a query then returns the registration. Right password, wrong password, unknown user, and again
// after the registrar was restarted.
func TestPhoneRegistersThroughKamailio(t *testing.T) {
	if err := kamailio.Available(); err != nil {
		brokertest.Missing(t, err.Error())
	}
	b := newTestbed(t)
	b.start()
	b.provision(realm, "100", "secret")
	proxy, err := kamailio.Start(t.Context(), kamailio.Config{AMQP: b.url, Node: "sbc1.test", Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("Kamailio:\n%s", proxy.Log())
		}
		proxy.Stop()
	})
	sw := b.connect("asker", wire.Kazoo5)
	desk := kamailio.Phone{User: "100", Realm: realm, Password: "secret", Contact: `"Desk" <` + phone + `;transport=udp>`, Expires: 300}
	register := func(ph kamailio.Phone, want int) {
		t.Helper()
		if err := proxy.Register(within(t, otptest.Timeout), ph, want); err != nil {
			t.Fatal(err)
		}
	}
	shown := func(contact string) {
		t.Helper()
		m, err := sw.Query(within(t, otptest.Timeout), realm, "100", "Contact", "User-Agent")
		r, ok := m.(*wire.RegQueryResponse)
		if err != nil || !ok || len(r.Fields) != 1 {
			t.Fatalf("got %+v, %v", m, err)
		}
		if got := string(r.Fields[0]["Contact"]); got != contact || string(r.Fields[0]["User-Agent"]) != `"SIPp"` {
			t.Errorf("got %v, want contact %s", r.Fields, contact)
		}
	}
	results := func(outcome string, n uint64) {
		t.Helper()
		b.until(outcome, func() bool { return count(b.server.Counts(), "registrations", outcome) >= n })
	}

	register(desk, 200)
	results("registered", 1)
	first := `"\"Desk\" sip:100@127.0.0.1:5099;transport=udp;expires=300"`
	shown(first)

	wrong := desk
	wrong.Password = "guess"
	register(wrong, 403)
	stranger := desk
	stranger.User = "999"
	register(stranger, 403)
	shown(first)

	b.stop()
	b.start()
	shown(first)
	desk.Contact = `"Desk" <sip:100@127.0.0.1:5098;transport=udp>`
	register(desk, 200)
	results("registered", 1)
	shown(`"\"Desk\" sip:100@127.0.0.1:5098;transport=udp;expires=300"`)

	desk.Expires = 0
	register(desk, 200)
	results("removed", 1) // though the contact is now named with ;expires=0
	m, err := sw.Query(within(t, otptest.Timeout), realm, "100")
	if _, ok := m.(*wire.RegQueryError); !ok {
		t.Errorf("after unregistering: %+v, %v", m, err)
	}
}
