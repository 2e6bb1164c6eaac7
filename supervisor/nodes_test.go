package supervisor_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp/otptest"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/link/rabbit/brokertest"
	"registrar/amqpbridge/wire"
)

// node is one of several registrars on the broker of b.
func (b *testbed) node(name string) *testbed {
	b.t.Helper()
	n := &testbed{t: b.t, url: b.url, cfg: b.cfg}
	n.cfg.Data = b.t.TempDir()
	n.cfg.Bridge.Node, n.cfg.Bridge.Canary = name, time.Second // a busy machine must not let the lead lapse
	b.t.Cleanup(n.stop)
	n.start()
	return n
}

// holds reports whether a registrar holds these users.
func (b *testbed) holds(from, to int) bool {
	for i := from; i < to; i++ {
		rec, err := b.server.Registration(context.Background(), domain.Key{Realm: realm, User: domain.User(strconv.Itoa(i))})
		if err != nil || len(rec.Bindings) != 1 {
			return false
		}
	}
	return true
}

func (b *testbed) outcomes(flow, outcome string) uint64 {
	return count(b.server.Counts(), flow, outcome)
}

// Two registrars on one broker: either answers, both hold the same table, one sends the notices;
// one goes and comes back, and nothing is missing.
func TestTwoRegistrars(t *testing.T) {
	b := newTestbed(t)
	one, two := b.node("one"), b.node("two")
	for _, n := range []*testbed{one, two} {
		for i := range 10 {
			n.provision(realm, strconv.Itoa(i), "secret")
		}
	}
	b.until("one of them leads", func() bool { return one.leads() != two.leads() })
	sw := b.connect("switch", wire.Kazoo5)
	register := func(from, to int) {
		t.Helper()
		for i := from; i < to; i++ {
			if err := sw.Report(within(t, otptest.Timeout), client.Registration{
				Realm: realm, User: strconv.Itoa(i), Contact: fmt.Sprintf("<sip:%d@192.0.2.1>", i), Expires: time.Hour,
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	ask := func(n int) {
		t.Helper()
		for i := range n {
			if m, err := sw.Authn(within(t, otptest.Timeout), realm, strconv.Itoa(i%10)); err != nil {
				t.Fatal(err)
			} else if _, ok := m.(*wire.AuthnResponse); !ok {
				t.Fatalf("got %T", m)
			}
		}
	}
	register(0, 50)
	b.until("both hold all of them", func() bool { return one.holds(0, 50) && two.holds(0, 50) })
	ask(50)
	b.until("all of them are counted, some here and some there", func() bool { // after the answer is handed on
		x, y := one.outcomes("authn", "answered"), two.outcomes("authn", "answered")
		return x > 0 && y > 0 && x+y == 50
	})
	b.until("the notices are sent once", func() bool {
		var sent, left uint64
		for _, n := range []*testbed{one, two} {
			sent += n.outcomes("notifier", "register") + n.outcomes("notifier", "no_account")
			left += n.outcomes("notifier", "not_leader")
		}
		return sent == 50 && left == 50
	})

	if err := sw.Publish(within(t, otptest.Timeout), "registrar", "registration.sync", []byte(`{"Event-Name":"reg_sync","Msg-ID":"s","Server-ID":"gone"}`)); err != nil {
		t.Fatal(err)
	}
	b.until("one of them answers the sync", func() bool {
		return one.outcomes("registrations", "not_leader")+two.outcomes("registrations", "not_leader") == 1 &&
			one.outcomes("registrations", "unroutable")+two.outcomes("registrations", "unroutable") == 1
	})

	leader, other := one, two
	if two.leads() {
		leader, other = two, one
	}
	leader.stop()
	ask(50)
	register(50, 100)
	b.until("the other one leads", other.leads)
	b.until("the other one holds them", func() bool { return other.holds(50, 100) })
	leader.start()
	b.until("both hold all of them again", func() bool { return one.holds(0, 100) && two.holds(0, 100) })
	if one.leads() && two.leads() {
		t.Error("both lead")
	}
}

// leads asks the pulse.
func (b *testbed) leads() bool {
	info, err := b.server.Inspect(context.Background(), "bridge/canary")
	return err == nil && fmt.Sprintf("%+v", info.BehaviourState) == "{Listening:true Leads:true}"
}

// The connection looks well and nothing arrives, because somebody has taken a binding away: the
// registrar notices that its own questions are not answered, says so, and renews its sessions,
// which heals it.
func TestSilentDeathIsNoticed(t *testing.T) {
	b := newTestbed(t)
	b.cfg.Bridge.Canary = 400 * time.Millisecond // three times as long must a busy machine not keep it waiting
	b.start()
	b.provision(realm, "100", "secret")
	sw := b.connect("switch", wire.Kazoo5)
	authn(t, sw, wire.Kazoo5)
	b.until("its questions are answered", func() bool { return b.outcomes("canary", "answered") > 3 })

	brokertest.Unbind(t, b.url, b.cfg.Bridge.AuthnQueue, "registrar", "authn.endpoint.req.#")
	b.until("it is noticed", func() bool { return b.outcomes("canary", "renewed") > 0 })
	b.until("it has healed", func() bool { ok, _ := b.server.Ready(); return ok && b.outcomes("canary", "answered") > 6 })
	authn(t, sw, wire.Kazoo5)
	if n := b.outcomes("canary", "unanswered"); n < 3 {
		t.Errorf("%d went without an answer", n)
	}
}
