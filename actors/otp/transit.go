package otp

import (
	"reflect"
	"sync"
	"sync/atomic"

	"registrar/actors/fault"
)

// transit is the path from a sender to a mailbox. Injected faults drop, delay and duplicate
// messages there. Messages of one sender to one process keep their order: those behind a delayed
// one wait.
type transit struct {
	waiting atomic.Int64 // number of routes in held
	mu      sync.Mutex
	held    map[route][]*envelope
}

// route leads from one incarnation, or one external name, to one process.
type route struct {
	to      *proc
	from    uint64
	outside external
}

// send delivers an envelope, or hands it to an armed fault, and reports whether it was accepted.
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

// intercept applies an armed fault to a message and reports whether the fault owns it now.
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
	messageType := reflect.TypeOf(e.msg).String()
	rule := p.sys.faults.Transit(p.name(), messageType, asks)
	if rule.Kind != "" {
		p.reportFault(&rule, messageType, e.cause)
	}
	switch rule.Kind {
	case fault.Drop:
		// On another goroutine: the sender may hold locks that Undelivered needs.
		go p.sys.deadLetter(p.name(), e.msg, e.cause)
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
	default: // no fault
	}
	return false
}

// release delivers the messages of a route. A message that its process no longer accepts is a dead
// letter.
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
