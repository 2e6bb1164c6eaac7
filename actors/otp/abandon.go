package otp

import "fmt"

// byOperator is the exit term of a process that [App.Abandon] ended.
const byOperator = "abandoned by the operator"

// Abandon ends a process by force, even if it hangs in Init, in a handler or in Terminate. Go
// cannot kill a goroutine, so a running handler continues, but it has no further effect. Requests
// that the process holds or has queued fail with [ErrNoProcess], its monitors receive [Killed],
// and its context and children have ended when Abandon returns.
//
// The supervisor or dynamic supervisor counts the abandonment as a crash and starts a replacement.
// If the top supervisor is abandoned, the application ends. Terminate is not called: files and
// sockets of the process must be closed through its [Context.Context]. For a crash between two
// messages see [App.Kill].
func (a *App) Abandon(name string) error {
	p := a.root.find(name)
	if p == nil || !p.kill(Reason{Kind: ExitKilled, Term: byOperator}) {
		return fmt.Errorf("%s: %w", name, ErrNoProcess)
	}
	return nil
}

// kill abandons the process and reports it to the parent. It is safe from any goroutine and
// returns false if the process has ended already.
func (p *proc) kill(r Reason) bool {
	e, ok := p.abandon(r)
	if ok {
		p.body.report(e)
	}
	return ok
}

// abandon ends the process without its cooperation. It is safe from any goroutine. A running
// handler continues, but from now on its epoch is over, its address is free, its requests are
// answered and its children are abandoned. The event is the one for the parent; ok is false if the
// process has ended already.
func (p *proc) abandon(r Reason) (e childEvent, ok bool) {
	epoch, current, ok := p.markAbandoned()
	if !ok {
		return e, false
	}
	if current != nil && current.queue != controlQueue {
		r.Message, r.MessageID = fmt.Sprintf("%T", current.msg), current.id
		p.recordAbandoned(current, epoch)
	}
	p.unregister(abandoned)
	if s, ok := p.body.(*sup); ok {
		s.mu.Lock()
		s.abandoned = true
		s.mu.Unlock()
		s.abandonAll()
	}
	ended := fmt.Errorf("%s: %w", p.name(), ErrNoProcess)
	p.releaseOwned(r, ended)
	if current != nil {
		undelivered(current.msg, ended)
	}
	p.sys.report(Report{Kind: Abandoned, Process: p.name(), Epoch: epoch, Reason: r})
	return childEvent{p: p, kind: evExited, epoch: epoch, reason: r}, true
}

// markAbandoned marks the process as abandoned and returns its epoch and the message that it is
// handling, both read under one lock. Only one caller of markAbandoned and [proc.markClosed]
// succeeds.
func (p *proc) markAbandoned() (epoch Epoch, current *envelope, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase == abandoned || p.phase == closed {
		return 0, nil, false
	}
	p.phase = abandoned
	return p.latest(), p.current, true
}
