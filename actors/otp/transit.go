package otp

import (
	"reflect"
	"sync"
	"sync/atomic"

	"registrar/actors/fault"
)

// transit is the way from a sender to a mailbox, where injected faults lose, delay and double messages. Messages of one sender to one process keep their
// order: behind one that is delayed, the others wait.
type transit struct {
	waiting atomic.Int64 // queues in held
	mu      sync.Mutex
	held    map[route][]*envelope
}

// route is from one incarnation, or from one name of the world outside, to one process.
type route struct {
	to      *proc
	from    uint64
	outside external
}

// send hands an envelope to the process, or to the faults that are armed, which then own it, and reports whether it was taken.
func (p *proc) send(e *envelope) bool {
	if t := &p.sys.transit; (p.sys.faults.Armed() || t.waiting.Load() > 0) && t.intercept(p, e) {
		return true
	}
	p.deliver(e)
	return e.accepted
}

// deliver queues an envelope, through the library if the process is registered there.
func (p *proc) deliver(e *envelope) {
	if p.pid != nil {
		p.sys.library.send(p, e)
		return
	}
	p.enqueue(e)
}

// intercept has a fault happen to a message, and reports whether it is not to be delivered now.
func (t *transit) intercept(p *proc, e *envelope) bool {
	r := route{to: p, from: e.cause.Incarnation(), outside: e.from}
	t.mu.Lock()
	defer t.mu.Unlock()
	if q, ok := t.held[r]; ok {
		t.held[r] = append(q, e)
		return true
	}
	rq, asks := e.msg.(Request)
	asks = asks && rq.slot() != nil
	what := reflect.TypeOf(e.msg).String()
	rule := p.sys.faults.Transit(p.name(), what, asks)
	if rule.Kind != "" {
		p.reportFault(&rule, what, e.cause)
	}
	switch rule.Kind {
	case fault.Drop:
		go p.sys.deadLetter(p.name(), e.msg, e.cause) // whoever waits is told, and may have locks of its own
		return true
	case fault.Duplicate:
		twin := *e
		p.deliver(&twin)
	case fault.Delay:
		if t.held == nil {
			t.held = map[route][]*envelope{}
		}
		t.held[r] = []*envelope{e}
		t.waiting.Add(1)
		p.sys.clock.AfterFunc(rule.Duration(), func() { t.release(r) })
		return true
	default: // none
	}
	return false
}

// release lets go of what waits on a route. What its process does not take any more is a dead letter.
func (t *transit) release(r route) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.held[r] {
		if e.accepted = false; r.to.alive() {
			r.to.deliver(e)
		}
		if !e.accepted {
			go r.to.sys.deadLetter(r.to.name(), e.msg, e.cause)
		}
	}
	delete(t.held, r)
	t.waiting.Add(-1)
}
