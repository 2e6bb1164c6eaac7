package supervisor_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"registrar/actors/fault"
	"registrar/actors/otp/otptest"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/wire"
)

const (
	realm = "acme.test"
	phone = "sip:100@127.0.0.1:5099"
)

// The main job, for the keys of every generation: authn, registration, query, and again after a
// restart.
func TestMainJob(t *testing.T) {
	for name, g := range map[string]wire.Generation{"whistle": wire.Whistle, "kazoo3": wire.Kazoo3, "kazoo4": wire.Kazoo4, "kazoo5": wire.Kazoo5} {
		t.Run(name, func(t *testing.T) {
			b := newTestbed(t)
			b.start()
			b.provision(realm, "100", "secret")
			sw := b.connect("switch", g)
			authn(t, sw, g)
			err := sw.Report(within(t, otptest.Timeout), client.Registration{
				Realm: "ACME.test", User: "100", Contact: `"Desk" <` + phone + `>`, Expires: 5 * time.Minute,
			})
			if err != nil {
				t.Fatal(err)
			}
			b.until("registered", func() bool { return has(b.server.Counts(), "registrations", "registered") })
			query(t, sw, g)
			b.stop()
			b.start()
			query(t, sw, g)
			authn(t, sw, g)
			unknown(t, sw, g)
		})
	}
}

func authn(t *testing.T, sw *client.Conn, g wire.Generation) {
	t.Helper()
	m, err := sw.Authn(within(t, otptest.Timeout), realm, "100")
	if err != nil {
		t.Fatal(err)
	}
	r, ok := m.(*wire.AuthnResponse)
	if !ok {
		t.Fatalf("got %T", m)
	}
	if r.Password.Reveal() != "secret" || r.Method != "password" || r.ChannelVars["Account-ID"] != "account-1" ||
		r.ChannelVars["Username"] != "100" || r.ChannelVars["Presence-ID"] != "p1" {
		t.Errorf("got %+v", r)
	}
	if (r.TenantID == "ignore") != (g == wire.Whistle) {
		t.Errorf("Tenant-ID %q for generation %d", r.TenantID, g)
	}
}

func query(t *testing.T, sw *client.Conn, g wire.Generation) {
	t.Helper()
	m, err := sw.Query(within(t, otptest.Timeout), realm, "100", "Contact", "Expires", "Nonsense")
	if err != nil {
		t.Fatal(err)
	}
	r, ok := m.(*wire.RegQueryResponse)
	if !ok || len(r.Fields) != 1 {
		t.Fatalf("got %+v", m)
	}
	if r.Single != (g == wire.Whistle) {
		t.Errorf("generation %d got an object: %v", g, r.Single)
	}
	if got := string(r.Fields[0]["Contact"]); got != `"\"Desk\" `+phone+`"` || len(r.Fields[0]) != 2 {
		t.Errorf("got %s of %v", got, r.Fields)
	}
}

// Nothing found: whistle is told nothing, kazoo gets an error.
func unknown(t *testing.T, sw *client.Conn, g wire.Generation) {
	t.Helper()
	wait := 10 * time.Second
	if g == wire.Whistle {
		wait = 300 * time.Millisecond
	}
	m, err := sw.Authn(within(t, wait), realm, "nobody")
	q, qerr := sw.Query(within(t, wait), realm, "nobody")
	if g == wire.Whistle {
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(qerr, context.DeadlineExceeded) {
			t.Errorf("got %T, %v and %T, %v", m, err, q, qerr)
		}
		return
	}
	if e, ok := m.(*wire.AuthnError); !ok || !e.Deferred || e.Permanent {
		t.Errorf("got %+v, %v", m, err)
	}
	if _, ok := q.(*wire.RegQueryError); !ok {
		t.Errorf("got %+v, %v", q, qerr)
	}
}

// That faults are armed is said, and is no trouble.
func TestArmedFaultsAreShown(t *testing.T) {
	b := newMemoryBed(t, withFaults)
	if _, err := b.server.Arm(fault.Rule{Point: fault.InStop, Kind: fault.Panic, Process: "nobody"}); err != nil {
		t.Fatal(err)
	}
	if ok, reasons := b.server.Ready(); !ok || len(reasons) != 1 || reasons[0] != "faults are armed: 1" {
		t.Errorf("got %v, %q", ok, reasons)
	}
	if n, err := b.server.Disarm(0); n != 1 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	if ok, reasons := b.server.Ready(); !ok || len(reasons) != 0 {
		t.Errorf("got %v, %q", ok, reasons)
	}
}
