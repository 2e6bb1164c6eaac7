package otp

import (
	"fmt"
	"time"

	"registrar/actors/fault"
	"registrar/actors/trace"
)

// handle handles one message and returns its end time. The process was in the phase running when
// the message was taken.
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

// operationEnded continues after an operation of the engine.
func (p *proc) operationEnded(crash *Reason) {
	if crash != nil {
		p.crashed(crash)
	}
}

// crashed ends the incarnation. The process then waits for its parent to restart or stop it.
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

// captureCrash adds the message id and the state of the behaviour to the crash reason.
func (p *proc) captureCrash(r *Reason) {
	r.MessageID = p.currentID()
	runIsolated(func() { r.State = p.body.state() }) // a panic in State leaves it nil
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ensureExtras().crashMessage = r.MessageID
}

// endIncarnation calls Terminate, fails the held requests and notifies the monitors.
func (p *proc) endIncarnation(r Reason) {
	runIsolated(func() {
		p.fault(fault.InStop, nil)
		p.body.terminate(r)
	}) // a panic in Terminate is ignored
	if r.Kind == ExitCrash {
		p.releaseOwned(r, &CrashError{Process: p.name(), Epoch: p.currentEpoch(), Reason: r})
		return
	}
	p.releaseOwned(r, fmt.Errorf("%s: %w", p.name(), ErrNoProcess))
}

// releaseOwned ends everything that belongs to the incarnation: dynamic children, context, held
// requests and monitors.
func (p *proc) releaseOwned(r Reason, err error) {
	p.mu.Lock()
	epoch, owned := p.latest(), extras{}
	if r.Kind == ExitCrash {
		p.ensureExtras() // reports need the last epoch while the process waits for its parent
	}
	if p.extras != nil {
		owned = *p.extras
		p.extras.lastEpoch = epoch
		p.extras.dependants, p.extras.ctx, p.extras.cancel = nil, nil, nil
	}
	p.epoch = noEpoch
	p.mu.Unlock()
	for _, group := range owned.dependants {
		group.abandonAll()
	}
	if owned.cancel != nil {
		owned.cancel()
	}
	p.failHeld(err)
	p.tellWatchers(Down{Name: p.name(), Epoch: epoch, Reason: r, cause: r.MessageID})
}
