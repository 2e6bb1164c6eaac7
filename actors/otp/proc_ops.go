package otp

import (
	"fmt"

	"registrar/actors/trace"
)

// The operations on a process. They run on its own goroutine, through the control queue, except
// for abandon (abandon.go).

// post queues an operation.
func (p *proc) post(op func()) { p.enqueue(&envelope{msg: operation(op), queue: controlQueue}) }

// postFor queues an operation that was caused by a message.
func (p *proc) postFor(cause trace.ID, op func()) {
	p.enqueue(&envelope{msg: operation(op), queue: controlQueue, cause: cause})
}

// restart starts a new incarnation in place, with the same address and queue.
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

// stopSoon asks the process to stop. It is safe from any goroutine.
func (p *proc) stopSoon(r Reason) { p.post(func() { p.stop(r) }) }

// stop stops the process: first its dependants, then its behaviour.
func (p *proc) stop(r Reason) {
	p.mu.Lock()
	ph := p.phase
	p.mu.Unlock()
	switch ph {
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
	for _, group := range p.dependants() {
		group.stopAll()
	}
	p.dependantsEnded()
}

// dependantsEnded finishes a stopping process after its last dependant. It is called on the
// process's goroutine.
func (p *proc) dependantsEnded() {
	p.mu.Lock()
	ph := p.phase
	p.mu.Unlock()
	if ph != stopping {
		return
	}
	for _, group := range p.dependants() {
		if !group.empty() {
			return
		}
	}
	p.finish(*p.exiting, true)
}

// failStart ends the incarnation of a supervisor after a child has failed to start.
func (p *proc) failStart(r Reason) {
	r.Kind = ExitCrash
	epoch := p.currentEpoch()
	p.endIncarnation(r)
	p.setPhase(crashed)
	p.body.report(childEvent{p: p, kind: evFailed, epoch: epoch, reason: r})
}

// finish ends the process, and its incarnation if that is live.
func (p *proc) finish(r Reason, live bool) {
	epoch := p.lastEpoch()
	if live {
		p.endIncarnation(r)
	}
	if !p.markClosed(closed) {
		return // abandoned in the meantime
	}
	p.unregister(closed)
	p.recordLife(trace.Stop, epoch, p.currentID(), r.String())
	p.body.report(childEvent{p: p, kind: evExited, epoch: epoch, reason: r})
}

// markClosed marks the process as ended in phase to. Only one caller of markClosed and
// [proc.markAbandoned] succeeds.
func (p *proc) markClosed(to phase) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase == abandoned || p.phase == closed {
		return false
	}
	p.phase = to
	return true
}

// unregister frees the address and answers the messages left in the mailbox. The caller has marked
// the process as ended.
func (p *proc) unregister(to phase) {
	p.body.unbind(p)
	if p.pid != nil {
		p.sys.library.unregister(p)
	}
	p.mu.Lock()
	var rest []*envelope
	for i := urgentQueue; i < queueCount; i++ {
		for e := p.pop(i); e != nil; e = p.pop(i) {
			rest = append(rest, e)
		}
	}
	p.mu.Unlock()
	if to == closed && p.body.takeQueue(rest) {
		return
	}
	for _, e := range rest {
		p.sys.deadLetter(p.name(), e.msg, e.cause)
	}
}

// deadLetter answers and reports a message that no process will handle.
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
