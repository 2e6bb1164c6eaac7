package otp

import (
	"fmt"

	"registrar/actors/trace"
)

// The operations on a process. Except for abandon and its kin (abandon.go) they run on its own goroutine, posted to its control lane.

// post queues an operation.
func (p *proc) post(op func()) { p.enqueue(&envelope{msg: operation(op), lane: controlLane}) }

// postFor queues an operation that a message has led to.
func (p *proc) postFor(cause trace.ID, op func()) {
	p.enqueue(&envelope{msg: operation(op), lane: controlLane, cause: cause})
}

// restart begins a new incarnation in place: same address, same queue.
func (p *proc) restart() {
	p.postFor(p.crashedOver(), func() {
		p.mu.Lock()
		if p.life == gone {
			p.mu.Unlock()
			return
		}
		p.epoch = p.sys.NextEpoch()
		p.life = starting
		p.restarts++
		p.begun = p.sys.clock.Mono()
		p.mu.Unlock()
		p.exiting = nil
		p.start()
	})
}

// stopSoon asks the process to stop, from any goroutine.
func (p *proc) stopSoon(r Reason) { p.post(func() { p.stop(r) }) }

// stop ends the process in order: what depends on it first, then its behaviour.
func (p *proc) stop(r Reason) {
	p.mu.Lock()
	l := p.life
	p.mu.Unlock()
	switch l {
	case gone, closed, closing:
		return
	case starting:
		p.exiting = &r
		return
	case suspended:
		p.finish(r, false)
		return
	case running:
	}
	p.exiting = &r
	if s, ok := p.body.(*sup); ok {
		p.setLife(closing)
		s.stopFirst(r)
		return
	}
	p.setLife(closing)
	for _, f := range p.families() {
		f.stopAll()
	}
	p.dependantsGone()
}

// dependantsGone is called on the process's goroutine when the last of its dependants has ended.
func (p *proc) dependantsGone() {
	p.mu.Lock()
	l := p.life
	p.mu.Unlock()
	if l != closing {
		return
	}
	for _, f := range p.families() {
		if !f.empty() {
			return
		}
	}
	p.finish(*p.exiting, true)
}

// failStart ends the incarnation of a supervisor whose children could not all be started.
func (p *proc) failStart(r Reason) {
	r.Kind = ExitCrash
	epoch := p.currentEpoch()
	p.endIncarnation(r)
	p.setLife(suspended)
	p.body.report(childEvent{p: p, kind: evFailed, epoch: epoch, reason: r})
}

// finish ends the last incarnation and the process.
func (p *proc) finish(r Reason, live bool) {
	epoch := p.lastEpoch()
	if live {
		p.endIncarnation(r)
	}
	if !p.claim(closed) {
		return // abandoned meanwhile
	}
	p.retire(closed)
	p.recordLife(trace.Stop, epoch, p.handling(), r.String())
	p.body.report(childEvent{p: p, kind: evExited, epoch: epoch, reason: r})
}

// claim takes the right to end the process, for good: only the first caller gets it.
func (p *proc) claim(l life) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life == gone || p.life == closed {
		return false
	}
	p.life = l
	return true
}

// retire frees the address and answers what is left in the mailbox, which is closed; the caller has claimed the end.
func (p *proc) retire(l life) {
	p.body.unbind(p)
	if p.pid != nil {
		p.sys.actors.ProcessRegistry.Remove(p.pid)
	}
	p.mu.Lock()
	var left []*envelope
	for i := urgentLane; i < lanes; i++ {
		for e := p.pop(i); e != nil; e = p.pop(i) {
			left = append(left, e)
		}
	}
	p.mu.Unlock()
	if l == closed && p.body.inherit(left) {
		return
	}
	for _, e := range left {
		p.sys.deadLetter(p.name(), e.msg, e.cause)
	}
}

// deadLetter answers a message that nobody will handle.
func (s *System) deadLetter(name string, msg any, cause trace.ID) {
	if rq, ok := msg.(Request); ok {
		if slot := rq.slot(); slot != nil {
			slot.failer.fail(fmt.Errorf("%s: %w", name, ErrNoProcess))
		}
	}
	undelivered(msg, fmt.Errorf("%s: %w", name, ErrNoProcess))
	s.report(Report{Kind: DeadLetter, Process: name, Message: fmt.Sprintf("%T", msg), cause: cause})
}

func undelivered(msg any, err error) {
	if u, ok := msg.(Undelivered); ok {
		u.Undelivered(err)
	}
}
