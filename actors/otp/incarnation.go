package otp

import (
	"fmt"
	"time"

	"registrar/actors/fault"
	"registrar/actors/trace"
)

// handle runs one message, and returns when that was over. The process was running when it was taken.
func (p *proc) handle(e *envelope, queued time.Duration) (end time.Duration) {
	asks := false
	if rq, ok := e.msg.(Request); ok {
		if s := rq.slot(); s != nil {
			if asks = s.hold(p); !asks {
				p.sys.deadLetter(p.name(), e.msg, e.cause)
				return e.time
			}
		}
	}
	end = e.time
	var note trace.Note
	completed := false
	defer func() {
		if !completed {
			r := crashReason(recover(), fmt.Sprintf("%T", e.msg))
			end = p.recordMessage(e, queued, note, asks, true)
			undelivered(e.msg, &CrashError{Process: p.name(), Epoch: p.lastEpoch(), Reason: *r})
			p.crashed(r)
		}
	}()
	if p.sys.rec != nil {
		note = noteOf(e.msg)
	}
	p.fault(fault.BeforeHandle, e.msg)
	p.body.handle(e.msg)
	p.fault(fault.AfterHandle, e.msg)
	completed = true
	if p.sys.rec != nil {
		end = p.recordMessage(e, queued, note, asks, false)
	}
	if p.exiting != nil {
		p.stop(*p.exiting)
	}
	return end
}

// operated goes on after an operation of the engine.
func (p *proc) operationEnded(crash *Reason) {
	if crash != nil {
		p.crashed(crash)
	}
}

// crashed ends the incarnation and waits for the parent's verdict.
func (p *proc) crashed(r *Reason) {
	if p.isAbandoned() {
		return
	}
	epoch := p.lastEpoch()
	p.captureCrash(r)
	p.recordLife(trace.Crash, epoch, r.MessageID, r.String())
	p.endIncarnation(*r)
	p.setPhase(crashed)
	p.body.report(childEvent{p: p, kind: evCrashed, epoch: epoch, reason: *r})
}

// look keeps what the crash report tells of the message and of the state that the crash has left.
func (p *proc) captureCrash(r *Reason) {
	r.MessageID = p.currentID()
	runIsolated(func() { r.State = p.body.state() }) // one that cannot be shown is not
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ensureExtras().crashMessage = r.MessageID
}

// endIncarnation runs Terminate, fails what the incarnation holds and tells its monitors.
func (p *proc) endIncarnation(r Reason) {
	runIsolated(func() {
		p.fault(fault.InStop, nil)
		p.body.terminate(r)
	}) // it ends all the same
	if r.Kind == ExitCrash {
		p.releaseOwned(r, &CrashError{Process: p.name(), Epoch: p.currentEpoch(), Reason: r})
		return
	}
	p.releaseOwned(r, fmt.Errorf("%s: %w", p.name(), ErrNoProcess))
}

// letGo ends what depends on the incarnation: its families, its context, what it holds, its monitors.
func (p *proc) releaseOwned(r Reason, err error) {
	p.mu.Lock()
	epoch, more := p.latest(), extras{}
	if r.Kind == ExitCrash {
		p.ensureExtras() // it waits for its verdict, and is spoken of meanwhile
	}
	if p.extras != nil {
		more = *p.extras
		p.extras.lastEpoch = epoch
		p.extras.dependants, p.extras.ctx, p.extras.cancel = nil, nil, nil
	}
	p.epoch = noEpoch
	p.mu.Unlock()
	for _, f := range more.dependants {
		f.abandonAll()
	}
	if more.cancel != nil {
		more.cancel()
	}
	p.failHeld(err)
	p.tellWatchers(Down{Name: p.name(), Epoch: epoch, Reason: r, cause: r.MessageID})
}
