package otp

import (
	"fmt"

	"registrar/actors/trace"
)

// The operations on a process. Except for abandon and its kin (abandon.go) they run on its own goroutine, posted to its control lane.

// post queues an operation.
func (p *proc) post(op func()) { p.enqueue(&envelope{msg: operation(op), queue: controlQueue}) }

// postFor queues an operation that a message has led to.
func (p *proc) postFor(cause trace.ID, op func()) {
	p.enqueue(&envelope{msg: operation(op), queue: controlQueue, cause: cause})
}

// restart begins a new incarnation in place: same address, same queue.
func (p *proc) restart() {
	p.postFor(p.lastCrashMessage(), func() {
		p.mu.Lock()
		if p.phase == abandoned {
			p.mu.Unlock()
			return
		}
		p.epoch = p.sys.nextEpoch()
		p.phase = starting
		p.restarts++
		p.startedAt = p.sys.clock.Mono()
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
	l := p.phase
	p.mu.Unlock()
	switch l {
	case abandoned, closed, stopping:
		return
	case starting:
		p.exiting = &r
		return
	case crashed:
		p.finish(r, false)
		return
	case running:
	}
	p.exiting = &r
	if s, ok := p.body.(*sup); ok {
		p.setPhase(stopping)
		s.stopChildren(r)
		return
	}
	p.setPhase(stopping)
	for _, f := range p.dependants() {
		f.stopAll()
	}
	p.dependantsEnded()
}

// dependantsGone is called on the process's goroutine when the last of its dependants has ended.
func (p *proc) dependantsEnded() {
	p.mu.Lock()
	l := p.phase
	p.mu.Unlock()
	if l != stopping {
		return
	}
	for _, f := range p.dependants() {
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
	p.setPhase(crashed)
	p.body.report(childEvent{p: p, kind: evFailed, epoch: epoch, reason: r})
}

// finish ends the last incarnation and the process.
func (p *proc) finish(r Reason, live bool) {
	epoch := p.lastEpoch()
	if live {
		p.endIncarnation(r)
	}
	if !p.markClosed(closed) {
		return // abandoned meanwhile
	}
	p.unregister(closed)
	p.recordLife(trace.Stop, epoch, p.currentID(), r.String())
	p.body.report(childEvent{p: p, kind: evExited, epoch: epoch, reason: r})
}

// claim takes the right to end the process, for good: only the first caller gets it.
func (p *proc) markClosed(l phase) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase == abandoned || p.phase == closed {
		return false
	}
	p.phase = l
	return true
}

// retire frees the address and answers what is left in the mailbox, which is closed; the caller has claimed the end.
func (p *proc) unregister(l phase) {
	p.body.unbind(p)
	if p.pid != nil {
		p.sys.library.unregister(p)
	}
	p.mu.Lock()
	var left []*envelope
	for i := urgentQueue; i < queueCount; i++ {
		for e := p.pop(i); e != nil; e = p.pop(i) {
			left = append(left, e)
		}
	}
	p.mu.Unlock()
	if l == closed && p.body.takeQueue(left) {
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
			slot.typed.fail(fmt.Errorf("%s: %w", name, ErrNoProcess))
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
