package sim

import (
	"fmt"
	"time"

	"registrar/actors/domain"
	"registrar/actors/fault"
	"registrar/actors/sip"
)

// The steps of the scenario.

func (t *scenario) register() {
	for _, p := range t.phones {
		t.send(t.newReport(p.key, t.contact(p, 1), p.node, false, p.expires))
		t.advance(100 * time.Millisecond)
	}
	v := t.phones[0]
	again := t.reports[len(t.reports)-len(t.phones)]
	t.send(again) // redelivered
	t.send(t.newReport(v.key, t.contact(v, 1), v.node, false, v.expires))
	t.advance(100 * time.Millisecond)
	t.send(t.newReport(v.key, t.contact(v, 2), v.node, false, v.expires))
	t.advance(100 * time.Millisecond)
}

func (*scenario) contact(p *phone, n int) string {
	return fmt.Sprintf("sip:%s@192.0.2.%d", p.key.User, n)
}

func (t *scenario) sendRequests() {
	for range 2 {
		for _, p := range t.phones {
			t.ask(p.key, true)
			t.ask(p.key, false)
		}
		t.advance(100 * time.Millisecond)
	}
	many := map[string]any{"Event-Name": "reg_query", "Realm": oneRealm, "Fields": []string{"Contact"}}
	t.client.ask("registration.query."+sip.EncodeKey(oneRealm)+".*", many)
	t.advance(100 * time.Millisecond)
	t.client.ask("registration.query."+sip.EncodeKey(oneRealm)+".*", map[string]any{"Event-Name": "reg_query", "Realm": oneRealm, "Count-Only": true})
	t.advance(100 * time.Millisecond)
	t.client.ask("registration.sync", map[string]any{"Event-Name": "reg_sync"})
	t.advance(100 * time.Millisecond)
}

// ask sends a request about a user; the reply is checked at the end.
func (t *scenario) ask(k domain.Key, authn bool) {
	q := request{key: k, authn: authn, called: t.Steps}
	if q.authn {
		q.before = t.passwords[k]
		q.id = t.askAuthn(k)
	} else {
		q.id = t.askQuery(k)
	}
	t.asked, t.requests = append(t.asked, q), append(t.requests, q)
}

// changePassword changes a password: the realm drops its cached credential.
func (t *scenario) changePassword() {
	t.setPassword(victim, "second")
	t.advance(100 * time.Millisecond)
	t.ask(victim, true)
	t.advance(100 * time.Millisecond)
}

// malformed sends bodies that cannot be decoded.
func (t *scenario) malformed() {
	for _, key := range []string{"authn.endpoint.req.x", "registration.success.x.y", "registration.query.x.y"} {
		t.publish(key, []byte("malformed"))
		t.advance(1200 * time.Millisecond)
	}
}

// flush removes the registrations of two users.
func (t *scenario) flush() {
	for _, k := range []domain.Key{victim, flushedUser} {
		t.send(t.newFlush(k, k == flushedUser))
		t.advance(100 * time.Millisecond)
		t.ask(k, false)
		t.advance(100 * time.Millisecond)
	}
	v := t.phones[0]
	t.send(t.newReport(v.key, t.contact(v, 1), v.node, false, v.expires))
	t.advance(100 * time.Millisecond)
	t.send(t.newReport(v.key, t.contact(v, 1), v.node, true, v.expires))
	t.advance(100 * time.Millisecond)
	t.send(t.newReport(v.key, t.contact(v, 2), v.node, false, v.expires))
	t.advance(100 * time.Millisecond)
}

// expire lets a registration end while its actor is alive.
func (t *scenario) expire() {
	for range 5 {
		t.advance(10 * time.Second)
	}
}

// connectionFaults breaks the connections in every way.
func (t *scenario) connectionFaults() {
	t.brokerDown = true
	t.linkFaults.dropCanary = true // the sessions look healthy and deliver nothing
	for range 8 {
		t.advance(t.opts.Canary)
	}
	t.linkFaults.dropCanary = false
	t.advance(time.Second)
	t.note("the broker refuses channels once")
	t.linkFaults.refusePublisher, t.linkFaults.refuseAlias = true, "canary"
	t.linkFaults.refuseConsume = map[string]bool{t.set.AuthnQueue: true, t.set.QueryQueue: true, t.set.Reports(): true}
	t.Broker.Cut()
	t.advance(2 * time.Second)
	t.note("the broker restarts")
	t.Broker.Stop()
	t.advance(300 * time.Millisecond)
	t.Broker.Start()
	t.advance(2 * time.Second)
	t.brokerDown = false
	if !t.until(t.ready) {
		t.fail("it is not ready %v after the broker's return: %v", healWithin, t.bridge.Reasons())
	}
}

// retry makes work of each consumer fail once or twice.
func (t *scenario) retry() {
	for _, r := range []fault.Rule{{Process: "realms", Message: "credential.Ask"}, {Process: shardName, Message: "directory.Deliver", Times: 2}} {
		r.Point, r.Kind = fault.InTransit, fault.Drop
		t.armOther(r)
	}
	t.ask(victim, true)
	t.ask(victim, false)
	v := t.phones[0]
	t.send(t.newReport(v.key, t.contact(v, 1), v.node, false, v.expires))
	t.advance(time.Second)
}

// crashLoop makes a user's actor crash too often.
func (t *scenario) crashLoop() {
	t.armOther(fault.Rule{Point: fault.BeforeHandle, Kind: fault.Panic, Process: "user/" + shardMate.String(), Message: "registration.Query", Times: 5})
	for range 6 {
		t.ask(shardMate, false)
	}
	for range 3 {
		t.advance(time.Second)
	}
}

// armOther arms a fault besides that of the cell.
func (t *scenario) armOther(r fault.Rule) {
	if _, err := t.Faults.Arm(r); err != nil {
		t.fail("%v", err)
	}
}

// restartAll kills one process of each kind.
func (t *scenario) restartAll() {
	for _, a := range Actors() {
		_ = t.app.Kill(a.Process) // a dynamic process may be absent
		t.advance(500 * time.Millisecond)
		t.ask(victim, true)
		t.ask(victim, false)
		t.advance(500 * time.Millisecond)
	}
}

// drain stops the registrar in order, and starts it again after a registration without an actor
// has ended.
func (t *scenario) drain() {
	p := t.phones[3]
	t.send(t.newReport(p.key, t.contact(p, 2), p.node, false, p.expires))
	t.advance(100 * time.Millisecond)
	t.note("it is stopped in order")
	t.brokerDown = true
	t.Stop(func() { t.advance(100 * time.Millisecond) })
	missed := !t.resolved && !t.faultHit()
	if missed && t.cell.Sync { // the announcement is a part of the start
		t.arm()
	}
	t.Boot()
	t.brokerDown = false
	if missed && !t.cell.Sync { // it was disarmed with the run that ended
		t.arm()
	}
	for range 9 { // several passes of the sweeper: a commit may fail
		t.advance(10 * time.Second)
	}
}
