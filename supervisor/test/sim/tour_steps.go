package sim

import (
	"fmt"
	"time"

	"registrar/actors/domain"
	"registrar/actors/fault"
	"registrar/actors/sip"
)

// The steps of the scenario.

func (t *tour) registers() {
	for _, p := range t.phones {
		t.send(t.newReport(p.key, t.contact(p, 1), p.node, false, p.expires))
		t.then(100 * time.Millisecond)
	}
	v := t.phones[0]
	again := t.reports[len(t.reports)-len(t.phones)]
	t.send(again) // redelivered
	t.send(t.newReport(v.key, t.contact(v, 1), v.node, false, v.expires))
	t.then(100 * time.Millisecond)
	t.send(t.newReport(v.key, t.contact(v, 2), v.node, false, v.expires))
	t.then(100 * time.Millisecond)
}

func (*tour) contact(p *phone, n int) string {
	return fmt.Sprintf("sip:%s@192.0.2.%d", p.key.User, n)
}

func (t *tour) questions() {
	for range 2 {
		for _, p := range t.phones {
			t.ask(p.key, true)
			t.ask(p.key, false)
		}
		t.then(100 * time.Millisecond)
	}
	many := map[string]any{"Event-Name": "reg_query", "Realm": oneRealm, "Fields": []string{"Contact"}}
	t.peer.ask("registration.query."+sip.EncodeKey(oneRealm)+".*", many)
	t.then(100 * time.Millisecond)
	t.peer.ask("registration.query."+sip.EncodeKey(oneRealm)+".*", map[string]any{"Event-Name": "reg_query", "Realm": oneRealm, "Count-Only": true})
	t.then(100 * time.Millisecond)
	t.peer.ask("registration.sync", map[string]any{"Event-Name": "reg_sync"})
	t.then(100 * time.Millisecond)
}

// ask sends a request about a user; the reply is checked at the end.
func (t *tour) ask(k domain.Key, authn bool) {
	q := question{key: k, authn: authn, called: t.Steps}
	if q.authn {
		q.before = t.passwords[k]
		q.id = t.askAuthn(k)
	} else {
		q.id = t.askQuery(k)
	}
	t.asked, t.queries = append(t.asked, q), append(t.queries, q)
}

// changePassword changes a password: the realm drops its cached credential.
func (t *tour) changes() {
	t.setPassword(victim, "second")
	t.then(100 * time.Millisecond)
	t.ask(victim, true)
	t.then(100 * time.Millisecond)
}

// malformed sends bodies that cannot be decoded.
func (t *tour) rubbish() {
	for _, key := range []string{"authn.endpoint.req.x", "registration.success.x.y", "registration.query.x.y"} {
		t.publish(key, []byte("rubbish"))
		t.then(1200 * time.Millisecond)
	}
}

// flush removes the registrations of two users.
func (t *tour) flushes() {
	for _, k := range []domain.Key{victim, flushed} {
		t.send(t.newFlush(k, k == flushed))
		t.then(100 * time.Millisecond)
		t.ask(k, false)
		t.then(100 * time.Millisecond)
	}
	v := t.phones[0]
	t.send(t.newReport(v.key, t.contact(v, 1), v.node, false, v.expires))
	t.then(100 * time.Millisecond)
	t.send(t.newReport(v.key, t.contact(v, 1), v.node, true, v.expires))
	t.then(100 * time.Millisecond)
	t.send(t.newReport(v.key, t.contact(v, 2), v.node, false, v.expires))
	t.then(100 * time.Millisecond)
}

// expire lets a registration end while its actor is alive.
func (t *tour) ends() {
	for range 5 {
		t.then(10 * time.Second)
	}
}

// connectionFaults breaks the connections in every way.
func (t *tour) link() {
	t.down = true
	t.gate.silent = true // the sessions look healthy and deliver nothing
	for range 8 {
		t.then(t.opts.Canary)
	}
	t.gate.silent = false
	t.then(time.Second)
	t.note("subscriptions are refused")
	t.gate.refuse = map[string]bool{t.set.AuthnQueue: true, t.set.QueryQueue: true, t.set.Reports(): true}
	t.Broker.Cut()
	t.then(2 * time.Second)
	t.note("the broker restarts")
	t.Broker.Stop()
	t.then(300 * time.Millisecond)
	t.Broker.Start()
	t.then(2 * time.Second)
	t.down = false
	if !t.until(t.ready) {
		t.fail("it is not ready %v after the broker's return: %v", healed, t.bridge.Status.Reasons())
	}
}

// retry makes work of each consumer fail once or twice.
func (t *tour) retries() {
	for _, r := range []fault.Rule{{Process: "realms", Message: "credential.Ask"}, {Process: shardName, Message: "directory.Deliver", Times: 2}} {
		r.Point, r.Kind = fault.InTransit, fault.Drop
		t.aside(r)
	}
	t.ask(victim, true)
	t.ask(victim, false)
	v := t.phones[0]
	t.send(t.newReport(v.key, t.contact(v, 1), v.node, false, v.expires))
	t.then(time.Second)
}

// crashLoop makes a user's actor crash too often.
func (t *tour) crashes() {
	t.aside(fault.Rule{Point: fault.BeforeHandle, Kind: fault.Panic, Process: "user/" + mate.String(), Message: "registration.Query", Times: 5})
	for range 6 {
		t.ask(mate, false)
	}
	for range 3 {
		t.then(time.Second)
	}
}

// armOther arms a fault besides that of the cell.
func (t *tour) aside(r fault.Rule) {
	if _, err := t.Faults.Arm(r); err != nil {
		t.fail("%v", err)
	}
}

// restartAll kills one process of each kind.
func (t *tour) lives() {
	for _, a := range Actors() {
		_ = t.app.Kill(a.Process) // a dynamic process may be absent
		t.then(500 * time.Millisecond)
		t.ask(victim, true)
		t.ask(victim, false)
		t.then(500 * time.Millisecond)
	}
}

// drain stops the registrar in order, and starts it again after a registration without an actor
// has ended.
func (t *tour) drains() {
	p := t.phones[3]
	t.send(t.newReport(p.key, t.contact(p, 2), p.node, false, p.expires))
	t.then(100 * time.Millisecond)
	t.note("it is stopped in order")
	t.down = true
	t.Stop(func() { t.then(100 * time.Millisecond) })
	t.Boot()
	t.down = false
	if !t.eased && !t.hit() { // it was disarmed with the run that ended
		t.arm()
	}
	for range 5 {
		t.then(10 * time.Second)
	}
}
