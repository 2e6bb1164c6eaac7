package supervisor_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"registrar/actors/directory"
	"registrar/actors/domain"
	"registrar/actors/otp/otptest"
	"registrar/amqpbridge/link"
	"registrar/supervisor"
)

const (
	first  = "sip:100@192.0.2.7:5060" // the contact of regSuccess, cleaned
	second = "sip:100@192.0.2.8"
)

// at returns a report with an event time of d after the epoch of the test.
func at(d time.Duration, other fields) fields {
	return regSuccess.with(fields{"Event-Timestamp": unixStamp + int64(d/time.Second)}).with(other)
}

// restart stops the registrar, does something meanwhile and starts it again.
func (b *memoryBed) restart(meanwhile func()) {
	b.Helper()
	b.stop()
	meanwhile()
	b.start()
}

// handled waits for n handled registrations of this run and returns their outcomes.
func (b *memoryBed) handled(n uint64) string {
	b.Helper()
	sum := func() (n uint64) {
		for _, x := range b.outcomes() {
			n += x
		}
		return n
	}
	b.until("handled", func() bool { return sum() >= n })
	return fmt.Sprint(b.outcomes())
}

// gone checks that the registration is shown until d from now, to the millisecond.
func (b *memoryBed) goneAfter(d time.Duration, contact string) {
	b.Helper()
	b.clock.pass(d - time.Millisecond)
	b.equal("just before its end", b.contact("acme.test", "100"), contact)
	b.clock.pass(time.Millisecond)
	b.equal("at its end", b.contact("acme.test", "100"), "")
}

// TestTimeRules shows the eight rules of time, order and redelivery on a whole registrar with a
// clock that the test sets.
func TestTimeRules(t *testing.T) {
	for _, group := range [][]rule{deadlineRules(), foreignClockRules(), removalRules(), otherTimeRules()} {
		for _, r := range group {
			t.Run(r.says, func(t *testing.T) {
				t.Parallel()
				r.test(newMemoryBed(t, r.settings))
			})
		}
	}
}

func deadlineRules() []rule {
	return []rule{
		{says: "1: a queue that waited an hour does not revive what has ended", test: func(b *memoryBed) {
			b.report(kazoo4Report, at(0, fields{"Username": "known"}))
			b.restart(func() {
				b.publish(kazoo4Report, at(0, nil))
				b.clock.pass(time.Hour)
			})
			b.equal("handled", b.handled(1), "map[already_expired:1]")
			b.equal("shown", b.contact("acme.test", "100"), "")
		}},
		{says: "1: what waited an hour ends an hour earlier", test: func(b *memoryBed) {
			b.report(kazoo4Report, at(0, fields{"Username": "known"}))
			b.restart(func() {
				b.publish(kazoo4Report, at(0, fields{"Expires": 7200}))
				b.clock.pass(time.Hour)
			})
			b.handled(1)
			b.goneAfter(time.Hour, first)
		}},
		{says: "1: a deadline is never recomputed at redelivery", test: func(b *memoryBed) {
			b.report(kazoo4Report, at(0, nil))
			b.clock.pass(200 * time.Second)
			b.equal("again", b.report(kazoo4Report, at(0, nil)), "duplicate")
			b.goneAfter(100*time.Second, first)
		}},
		{says: "1: a step of our wall clock moves no deadline within a run", test: func(b *memoryBed) {
			b.report(kazoo4Report, at(0, nil))
			b.clock.step(time.Hour)
			b.clock.pass(100 * time.Second)
			b.clock.step(-3 * time.Hour)
			b.goneAfter(200*time.Second, first)
		}},
		{says: "1: across runs deadlines are kept on the wall clock", test: func(b *memoryBed) {
			b.report(kazoo4Report, at(0, nil))
			b.restart(func() { b.clock.pass(200 * time.Second) })
			b.goneAfter(100*time.Second, first)
		}},
		{says: "1: what a wall clock far ahead has written is bounded at priming", test: func(b *memoryBed) {
			b.restart(func() { b.clock.step(365 * 24 * time.Hour) })
			b.report(kazoo4Report, at(0, fields{"Node": "switch-with-no-clock"}))
			b.restart(func() { b.clock.step(-365 * 24 * time.Hour) })
			b.equal("still there", b.contact("acme.test", "100"), first)
			b.clock.pass(time.Second)
			b.equal("a later one is newer", b.report(kazoo4Report, at(time.Second, fields{"Contact": second, "Node": "switch-b"})), "registered")
			b.goneAfter(300*time.Second, second)
		}},
	}
}

func foreignClockRules() []rule {
	const hour = time.Hour
	from := func(node string, other fields) fields { return fields{"Node": node}.with(other) }
	return []rule{
		{says: "2: switches an hour ahead and an hour behind register like any other", test: func(b *memoryBed) {
			for i, skew := range []time.Duration{0, -hour, hour} {
				b.equal(fmt.Sprint(skew), b.report(kazoo4Report, at(skew, from(fmt.Sprint("switch", i), fields{"Contact": fmt.Sprintf("sip:100@192.0.2.%d", i)}))), "registered")
				b.clock.pass(time.Second)
			}
			b.goneAfter(299*time.Second, "sip:100@192.0.2.2")
		}},
		{says: "2: across senders arrival decides, whatever their clocks say", test: func(b *memoryBed) {
			b.report(kazoo4Report, at(hour, from("ahead", nil)))
			b.clock.pass(time.Second)
			b.report(kazoo4Report, at(-hour, from("behind", fields{"Contact": second})))
			b.equal("shown", b.contact("acme.test", "100"), second)
			b.clock.pass(time.Second)
			b.report(kazoo4Report, at(hour+2*time.Second, from("ahead", nil)))
			b.equal("shown", b.contact("acme.test", "100"), first)
		}},
		{says: "2: of one sender the event times decide", test: func(b *memoryBed) {
			b.report(kazoo4Report, at(0, nil))
			b.clock.pass(10 * time.Second)
			b.report(kazoo4Report, at(10*time.Second, fields{"Contact": second}))
			b.equal("older", b.report(kazoo4Report, at(5*time.Second, fields{"Contact": "sip:late"})), "stale")
			b.equal("shown", b.contact("acme.test", "100"), second)
		}},
		{says: "2: of a sender whose clock is known, the offset counts over a restart", test: func(b *memoryBed) {
			b.report(kazoo4Report, at(-hour, from("behind", fields{"Username": "known"})))
			b.restart(func() {
				b.publish(kazoo4Report, at(-hour, from("behind", fields{"Expires": 7200})))
				b.clock.pass(hour)
			})
			b.handled(1)
			b.goneAfter(hour, first)
		}},
		{says: "2: an unknown sender's event time counts for what has waited", test: func(b *memoryBed) {
			b.restart(func() {
				b.publish(kazoo4Report, at(0, fields{"Expires": 7200}))
				b.clock.pass(hour)
			})
			b.handled(1)
			b.goneAfter(hour, first)
		}},
		{says: "2: unless it lies ahead or further back than a queue can hold: then it is as new as its arrival, and counted", test: func(b *memoryBed) {
			b.restart(func() {
				b.publish(kazoo4Report, at(hour, from("ahead", nil)))
				b.publish(kazoo4Report, at(-25*hour, from("behind", fields{"Username": "200"})))
			})
			b.equal("handled", b.handled(2), "map[registered:2]")
			b.equal("counted", count(b.server.RejectedTimestamps(), "registrations", ""), 2)
			b.goneAfter(300*time.Second, first)
		}},
		{says: "2: a sender whose clock is set back is believed again within two minutes", test: func(b *memoryBed) {
			say := func(skew time.Duration) string {
				b.clock.pass(10 * time.Second)
				return b.report(kazoo4Report, at(b.clock.Mono()+skew, nil))
			}
			b.equal("before", say(0), "registered")
			for range 6 {
				b.equal("in doubt", say(-hour), "stale")
			}
			b.equal("believed", say(-hour), "refreshed")
			b.goneAfter(300*time.Second, first)
		}},
		{says: "2: one absurd event time does not spoil its sender's clock", test: func(b *memoryBed) {
			b.report(kazoo4Report, at(0, nil))
			b.clock.pass(time.Minute)
			b.report(kazoo4Report, at(1000*hour, fields{"Username": "200"}))
			b.equal("after it", b.report(kazoo4Report, at(time.Minute, fields{"Contact": second})), "registered")
			b.goneAfter(300*time.Second, second)
		}},
	}
}

func removalRules() []rule {
	end := fields{"Expires": 0, "Status": "Unregistered"}
	return []rule{
		{says: "3: an older register that comes again after the unregister brings nothing back", test: func(b *memoryBed) {
			b.report(kazoo4Report, at(0, nil))
			b.clock.pass(5 * time.Second)
			b.equal("unregister", b.report(kazoo4Report, at(5*time.Second, end)), "removed")
			b.equal("the same", b.report(kazoo4Report, at(0, nil)), "stale")
			b.equal("another", b.report(kazoo4Report, at(3*time.Second, nil)), "stale")
			b.restart(func() { b.clock.pass(time.Minute) })
			b.equal("after a restart", b.report(kazoo4Report, at(3*time.Second, nil)), "stale")
			b.equal("shown", b.contact("acme.test", "100"), "")
			b.equal("a newer one counts", b.report(kazoo4Report, at(65*time.Second, nil)), "registered")
		}},
		{says: "3: a redelivered register after an unregister in the same second", test: func(b *memoryBed) {
			b.report(kazoo4Report, at(0, nil))
			b.report(kazoo4Report, at(0, end))
			b.restart(func() {
				b.publish(kazoo4Report, at(0, fields{"Msg-ID": "another body"}))
				b.giveBack()
			})
			b.equal("handled", b.handled(1), "map[stale:1]")
			b.equal("shown", b.contact("acme.test", "100"), "")
		}},
		{says: "3: flush and expiry are remembered too", test: func(b *memoryBed) {
			b.report(kazoo4Report, at(0, nil))
			b.clock.pass(time.Second)
			b.report(flushKey, fields{"Event-Name": "reg_flush", "Realm": "acme.test", "Username": "100"})
			b.equal("after the flush", b.report(kazoo4Report, at(0, nil)), "duplicate")
			b.report(kazoo4Report, at(time.Second, nil))
			b.clock.pass(301 * time.Second)
			b.until("swept", func() bool { return b.bindings() == 0 })
			b.equal("after its end", b.report(kazoo4Report, at(time.Second, nil)), "duplicate")
		}},
		{says: "4: a redelivery is applied once and settled the same", test: func(b *memoryBed) {
			b.report(kazoo4Report, at(0, nil))
			b.restart(func() { b.publish(kazoo4Report, at(0, nil)); b.giveBack() })
			b.equal("handled", b.handled(1), "map[duplicate:1]")
			b.equal("count", b.ask(realmQuery, regQuery.with(fields{"Username": nil, "Count-Only": true}))["Count"], 1)
		}},
	}
}

func otherTimeRules() []rule {
	return []rule{
		{says: "5: the cache id is scoped to realm and user; bindings are a set", settings: func(c *supervisor.Config) { c.Limits.Bindings = 2 }, test: func(b *memoryBed) {
			b.report(kazoo4Report, at(0, nil))
			b.report(kazoo4Report, at(0, fields{"Realm": "other.test"}))
			b.report(kazoo4Report, at(0, fields{"Username": "200"}))
			b.report(kazoo4Report, at(time.Second, fields{"Contact": second, "Expires": 100}))
			count := func() any {
				return b.ask(realmQuery, regQuery.with(fields{"Username": nil, "Count-Only": true}))["Count"]
			}
			b.equal("acme", count(), 3)
			b.restart(func() {})
			b.equal("after a restart, before anybody asked for the user", count(), 3)
			b.clock.pass(150 * time.Second)
			b.equal("one of two has ended", count(), 2)
			b.equal("other", b.contact("other.test", "100"), first)
		}},
		{says: "6: a refresh survives a restart", test: func(b *memoryBed) {
			b.report(kazoo4Report, at(0, nil))
			b.clock.pass(200 * time.Second)
			b.equal("refresh", b.report(kazoo4Report, at(200*time.Second, nil)), "refreshed")
			b.restart(func() { b.clock.pass(200 * time.Second) })
			b.goneAfter(100*time.Second, first)
		}},
		{says: "7: users without credentials are accepted up to the limits", settings: func(c *supervisor.Config) {
			c.Unprovisioned = directory.UnprovisionedLimits{PerRealm: 3, Total: 5}
		}, test: func(b *memoryBed) {
			b.provision("acme.test", "100", nil)
			come := func(realm, user string) string {
				return b.report(kazoo4Report, at(0, fields{"Realm": realm, "Username": user}))
			}
			for i := range 3 {
				b.equal("guest", come("acme.test", fmt.Sprint("g", i)), "registered")
			}
			b.equal("one too many in the realm", come("acme.test", "g3"), "refused_unprovisioned")
			b.equal("a user with credentials", come("acme.test", "100"), "registered")
			b.equal("another realm", come("b.test", "x"), "registered")
			b.equal("another realm", come("c.test", "x"), "registered")
			b.equal("one too many in all", come("d.test", "x"), "refused_unprovisioned")
			b.equal("not shown", b.contact("d.test", "x"), "")
			b.restart(func() {})
			b.equal("after a restart", come("acme.test", "g4"), "refused_unprovisioned")
			b.clock.pass(time.Second)
			b.equal("a guest that is there refreshes", b.report(kazoo4Report, at(time.Second, fields{"Username": "g0"})), "refreshed")
			b.report(flushKey, fields{"Event-Name": "reg_flush", "Realm": "acme.test"})
			b.clock.pass(25 * time.Hour)
			b.until("forgotten", func() bool { return b.records() == 0 })
			b.until("room again", func() bool { // the limits hear of it right after the file does
				return b.report(kazoo4Report, at(25*time.Hour, fields{"Username": "g9"})) == "registered"
			})
		}},
		{says: "7: a guest that gets credentials gives its place back at its next registration", settings: func(c *supervisor.Config) {
			c.Unprovisioned = directory.UnprovisionedLimits{PerRealm: 1, Total: 1}
		}, test: func(b *memoryBed) {
			b.report(kazoo4Report, at(0, nil))
			b.equal("full", b.report(kazoo4Report, at(0, fields{"Username": "200"})), "refused_unprovisioned")
			b.provision("acme.test", "100", nil)
			b.report(kazoo4Report, at(1, fields{"Contact": second}))
			b.equal("room", b.report(kazoo4Report, at(0, fields{"Username": "200", "Msg-ID": "2"})), "registered")
		}},
		{says: "8: what has ended leaves the file, what came back meanwhile stays", test: func(b *memoryBed) {
			for i := range 100 {
				b.publish(kazoo4Report, at(0, fields{"Username": fmt.Sprint("u", i)}))
			}
			b.handled(100)
			b.clock.pass(299 * time.Second)
			b.report(kazoo4Report, at(299*time.Second, fields{"Username": "u7", "Contact": second}))
			b.clock.pass(2 * time.Second)
			b.until("the bindings are gone", func() bool { return b.bindings() == 1 })
			b.equal("it stays", b.contact("acme.test", "u7"), second)
			b.clock.pass(25 * time.Hour)
			b.until("the tombstones are gone", func() bool { return b.records() == 0 })
		}},
	}
}

// giveBack takes all that waits for the registrar and gives it back, so that it comes as
// redelivered.
func (b *memoryBed) giveBack() {
	b.Helper()
	ctx := within(b, otptest.Timeout)
	s, err := b.broker.Dial(ctx, "thief")
	if err != nil {
		b.Fatal(err)
	}
	got := make(chan link.Delivery, 100)
	ready, _ := b.broker.Depth(b.cfg.Bridge.RegistrationQueue)
	spec := link.ConsumerSpec{Queue: b.cfg.Bridge.RegistrationQueue, Tag: "thief", Prefetch: 100}
	if _, err := s.Consume(ctx, spec, func(d link.Delivery) { got <- d }); err != nil {
		b.Fatal(err)
	}
	for range ready {
		<-got
	}
	if err := s.Close(ctx); err != nil {
		b.Fatal(err)
	}
}

// records and bindings count the contents of the file.
func (b *memoryBed) records() int { n, _ := b.inFile(); return n }

func (b *memoryBed) bindings() int { _, n := b.inFile(); return n }

func (b *memoryBed) inFile() (records, bindings int) {
	b.Helper()
	list, err := b.server.Registrations(context.Background(), "", domain.Key{}, 1000)
	if err != nil {
		b.Fatal(err)
	}
	for _, r := range list {
		bindings += len(r.Bindings)
	}
	return len(list), bindings
}
