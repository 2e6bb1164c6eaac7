package otp

import "fmt"

// byOperator is the term of the reason of what was killed by [App.Abandon].
const byOperator = "by the operator, without its cooperation"

// Abandon kills the process of that name without its cooperation: one that hangs in a handler, in Init or in Terminate, too. It is cut off at
// once: what it holds and what is queued for it is answered with [ErrNoProcess], its context and its children have ended when Abandon returns, its
// monitors hear [Killed]. Its supervisor, or the family it belongs to, starts another in its place as after a crash, and counts it; the top
// has nobody above it, and the application ends. Terminate is not called: what the process has of the world outside, a file or a socket, has to end
// with its [Context.Context]. Its goroutine, if it is at work, goes on until its handler returns, and has no more say. [App.Kill] is the gentle way.
func (a *App) Abandon(name string) error {
	p := a.root.find(name)
	if p == nil || !p.kill(Reason{Kind: ExitKilled, Term: byOperator}) {
		return fmt.Errorf("%s: %w", name, ErrNoProcess)
	}
	return nil
}

// kill abandons the process and tells its parent, from any goroutine. It reports false when the process has ended already.
func (p *proc) kill(r Reason) bool {
	e, ok := p.abandon(r)
	if ok {
		p.body.report(e)
	}
	return ok
}

// abandon ends a process without its cooperation, from any goroutine: Go cannot kill a goroutine, so it is left to end when its
// handler returns, and has no more say from now on: its epoch is over, its address is free, what it holds is answered, its children are abandoned.
// It returns what its parent is to hear, and false when the process has ended already.
func (p *proc) abandon(r Reason) (e childEvent, ok bool) {
	epoch, inHand, ok := p.markAbandoned()
	if !ok {
		return e, false
	}
	if inHand != nil && inHand.queue != controlQueue {
		r.Message, r.MessageID = fmt.Sprintf("%T", inHand.msg), inHand.id
		p.recordAbandoned(inHand, epoch)
	}
	p.unregister(abandoned)
	if s, ok := p.body.(*sup); ok {
		s.mu.Lock()
		s.abandoned = true
		s.mu.Unlock()
		s.abandonAll()
	}
	over := fmt.Errorf("%s: %w", p.name(), ErrNoProcess)
	p.releaseOwned(r, over)
	if inHand != nil {
		undelivered(inHand.msg, over)
	}
	p.sys.report(Report{Kind: Abandoned, Process: p.name(), Epoch: epoch, Reason: r})
	return childEvent{p: p, kind: evExited, epoch: epoch, reason: r}, true
}

// cut takes the right to end the process, like claim, together with what it has in hand: a moment later that may be another message.
func (p *proc) markAbandoned() (epoch Epoch, inHand *envelope, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase == abandoned || p.phase == closed {
		return 0, nil, false
	}
	p.phase = abandoned
	return p.latest(), p.current, true
}
