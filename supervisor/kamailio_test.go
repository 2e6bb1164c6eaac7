package supervisor_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"registrar/actors/otp/otptest"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/link/rabbit/brokertest"
	"registrar/amqpbridge/wire"
	"registrar/supervisor/demo/fleet"
	"registrar/supervisor/test/kamailio"
)

// field is a registrar on a real broker with two real proxies, behind which phones move, and an
// application that asks.
type field struct {
	*testbed
	a, b *kamailio.Proxy
	app  *client.Conn
}

func newField(t *testing.T) *field {
	t.Helper()
	if err := kamailio.Available(); err != nil {
		brokertest.Missing(t, err.Error())
	}
	f := &field{testbed: newTestbed(t)}
	f.start()
	for name, p := range map[string]**kamailio.Proxy{"sbc-a.test": &f.a, "sbc-b.test": &f.b} {
		proxy, err := kamailio.Start(t.Context(), kamailio.Config{AMQP: f.url, Node: name, Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("%s:\n%s", name, proxy.Log())
			}
			proxy.Stop()
		})
		*p = proxy
	}
	f.app = f.connect("application", wire.Kazoo5)
	return f
}

// desk is a phone with its contact at a port of its own.
func desk(i, port, expires int) kamailio.Phone {
	user := fleet.UserOf(i)
	return kamailio.Phone{
		User: user, Realm: realm, Password: "secret", Contact: fmt.Sprintf(`"Desk" <sip:%s@127.0.0.1:%d;transport=udp>`, user, port), Expires: expires,
	}
}

func (f *field) register(p *kamailio.Proxy, ph kamailio.Phone, want int) {
	f.t.Helper()
	if err := p.Register(within(f.t, otptest.Timeout), ph, want); err != nil {
		f.t.Fatal(err)
	}
}

func (f *field) registerMany(p *kamailio.Proxy, phones []kamailio.Phone) {
	f.t.Helper()
	if err := p.RegisterMany(within(f.t, 60*time.Second), phones, 100, 200); err != nil {
		f.t.Fatal(err)
	}
}

// shows waits until a query shows the phone's contact by way of the proxy; nil is no registration
// at all.
func (f *field) shows(ph kamailio.Phone, p *kamailio.Proxy) {
	f.t.Helper()
	want := ""
	if p != nil {
		want = fmt.Sprintf(`"Desk" %s;expires=%d by sip:%s`, ph.Contact[len(`"Desk" <`):len(ph.Contact)-1], ph.Expires, p.Addr())
	}
	got := ""
	f.until(fmt.Sprintf("%s shown as %q", ph.User, want), func() bool {
		got = f.shown(ph)
		return got == want
	})
}

func (f *field) shown(ph kamailio.Phone) string {
	m, err := f.app.Query(within(f.t, patience), ph.Realm, ph.User, "Contact", "Proxy-Path")
	r, ok := m.(*wire.RegQueryResponse)
	if err != nil || !ok || len(r.Fields) != 1 {
		return ""
	}
	var contact, path string
	if json.Unmarshal(r.Fields[0]["Contact"], &contact) != nil || json.Unmarshal(r.Fields[0]["Proxy-Path"], &path) != nil {
		return "not readable"
	}
	return contact + " by " + path
}

func (f *field) outcome(name string) uint64 { return count(f.server.Counts(), "registrations", name) }

// A phone moves from one proxy to another; the old one's timer reports the end of the contact that
// it knew, late. Whether the phone has another contact now or the same one, it stays registered.
func TestPhoneMovesBetweenProxies(t *testing.T) {
	f := newField(t)
	f.provision(realm, fleet.UserOf(0), "secret")
	f.provision(realm, fleet.UserOf(1), "secret")
	for i, there := range []int{5198, 5099} { // another contact, the same contact
		before := f.outcome("not_registered")
		old, now := desk(i, 5099, 6), desk(i, there, 300) // the move comes before the old one's end, however slow the machine is
		f.register(f.a, old, 200)
		f.shows(old, f.a)
		f.register(f.b, now, 200)
		f.shows(now, f.b)
		f.until("told of the old contact's end", func() bool { return f.outcome("not_registered") > before })
		f.shows(now, f.b)
	}
	gone := desk(0, 5198, 0)
	f.register(f.b, gone, 200)
	f.shows(gone, nil)
	f.shows(desk(1, 5099, 300), f.b)
	// A phone that just vanishes: its end is reported by the proxy, and noticed here without it.
	before, short := f.outcome("registered"), desk(0, 5097, 4)
	f.register(f.a, short, 200)
	f.until("registered", func() bool { return f.outcome("registered") > before })
	f.shows(short, nil)
}

// The password changes while a phone is registered: the next REGISTER needs the new one, the
// registration stays meanwhile.
func TestPasswordChangesWhileRegistered(t *testing.T) {
	f := newField(t)
	f.provision(realm, fleet.UserOf(0), "secret")
	ph := desk(0, 5099, 300)
	f.register(f.a, ph, 200)
	f.shows(ph, f.a)
	f.provision(realm, fleet.UserOf(0), "changed")
	f.register(f.a, ph, 403)
	f.register(f.b, ph, 403)
	f.shows(ph, f.a)
	ph.Password = "changed"
	f.register(f.b, ph, 200)
	f.shows(ph, f.b)
}

// Two hundred phones behind two proxies: all are shown, also after a restart; some move, some
// leave.
func TestTwoHundredPhones(t *testing.T) {
	f := newField(t)
	const half = 100
	left, right := make([]kamailio.Phone, half), make([]kamailio.Phone, half)
	for i := range half {
		left[i], right[i] = desk(i, 5099, 300), desk(half+i, 5099, 300)
		f.provision(realm, left[i].User, "secret")
		f.provision(realm, right[i].User, "secret")
	}
	f.registerMany(f.a, left)
	f.registerMany(f.b, right)
	all := func() {
		t.Helper()
		for i := range half {
			f.shows(left[i], f.a)
			f.shows(right[i], f.b)
		}
	}
	all()
	f.stop()
	f.start()
	all()
	moved := make([]kamailio.Phone, half/2)
	for i := range moved {
		moved[i] = desk(i, 5198, 300)
	}
	f.registerMany(f.b, moved)
	ends := make([]kamailio.Phone, 20)
	for i := range ends {
		ends[i] = desk(half+i, 5099, 0)
	}
	f.registerMany(f.b, ends)
	for i := range half {
		switch {
		case i < len(moved):
			f.shows(moved[i], f.b)
		default:
			f.shows(left[i], f.a)
		}
		if i < len(ends) {
			f.shows(ends[i], nil)
		} else {
			f.shows(right[i], f.b)
		}
	}
	m, err := f.app.Ask(within(t, otptest.Timeout), &wire.RegQuery{Realm: realm, CountOnly: true})
	if r, ok := m.(*wire.RegQueryResponse); err != nil || !ok || r.Count != 2*half-len(ends) {
		t.Errorf("counted %+v, %v", m, err)
	}
}
