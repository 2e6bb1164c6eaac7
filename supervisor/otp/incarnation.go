package otp

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"registrar/supervisor/trace"
)

// errLater is returned by the Init of a supervisor: it is ready when its children are.
var errLater = errors.New("ready later")

// Ignore is returned by an Init that has found nothing to do: the process ends, its child stays declared (a temporary one does not), and its
// supervisor goes on as if it had started (OTP: ignore).
var Ignore = errors.New("nothing to do") //nolint:gochecknoglobals,errname,revive,staticcheck // OTP's word, and no failure.

// ignored ends a process that has nothing to do.
func (p *proc) ignored() {
	if p.isGone() {
		return
	}
	p.endIncarnation(Normal)
	p.retire(closed)
	p.body.report(childEvent{p: p, kind: evIgnored})
}

// start runs Init of the current incarnation.
func (p *proc) start() {
	p.body.incarnate(p)
	began := p.nameStart()
	var err error
	crash := p.guard("", func() { err = p.body.init() })
	if crash == nil && errors.Is(err, errLater) {
		p.recordStart(began)
		p.setLife(running) // it says itself when it is ready
		return
	}
	if crash == nil && errors.Is(err, Ignore) {
		p.ignored()
		return
	}
	if crash == nil && err != nil {
		crash = &Reason{Kind: ExitCrash, Term: err}
	}
	if p.isGone() {
		return
	}
	if crash != nil {
		p.recordLife(trace.Crash, p.currentEpoch(), p.handling(), "init: "+crash.String())
		p.endIncarnation(*crash)
		p.setLife(suspended)
		p.body.report(childEvent{p: p, kind: evFailed, reason: *crash})
		return
	}
	p.recordStart(began)
	p.setLife(running)
	p.body.report(childEvent{p: p, kind: evStarted})
	if p.exiting != nil {
		p.stop(*p.exiting)
	}
}

// handle runs one message, and returns when that was over. The process was running when it was taken.
func (p *proc) handle(e *envelope, queued time.Duration) (end time.Duration) {
	asks := false
	if rq, ok := e.msg.(Request); ok {
		if s := rq.slot(); s != nil {
			s.hold(p)
			asks = true
		}
	}
	end = e.at
	var note trace.Note
	completed := false
	defer func() {
		if !completed {
			r := crashReason(recover(), fmt.Sprintf("%T", e.msg))
			end = p.recordMessage(e, queued, note, asks, true)
			p.crashed(r)
		}
	}()
	if p.sys.rec != nil {
		note = noteOf(e.msg)
	}
	p.body.handle(e.msg)
	completed = true
	if p.sys.rec != nil {
		end = p.recordMessage(e, queued, note, asks, false)
	}
	if p.exiting != nil {
		p.stop(*p.exiting)
	}
	return end
}

// guard runs f and turns a panic or a Goexit into a reason.
func (*proc) guard(what string, f func()) (crash *Reason) {
	completed := false
	func() {
		defer func() {
			if !completed {
				crash = crashReason(recover(), what)
			}
		}()
		f()
		completed = true
	}()
	return crash
}

func crashReason(value any, what string) *Reason {
	if value == nil {
		value = "runtime.Goexit was called"
	}
	return &Reason{Kind: ExitCrash, Term: value, Stack: debug.Stack(), Message: what}
}

// crashed ends the incarnation and waits for the parent's verdict.
func (p *proc) crashed(r *Reason) {
	if p.isGone() {
		return
	}
	epoch := p.currentEpoch()
	p.look(r)
	p.recordLife(trace.Crash, epoch, r.MessageID, r.String())
	p.endIncarnation(*r)
	p.setLife(suspended)
	p.body.report(childEvent{p: p, kind: evCrashed, epoch: epoch, reason: *r})
}

// look keeps what the crash report tells of the message and of the state that the crash has left.
func (p *proc) look(r *Reason) {
	r.MessageID = p.handling()
	_ = p.guard("State", func() { r.State = p.body.state() }) // one that cannot be shown is not
	p.mu.Lock()
	defer p.mu.Unlock()
	p.extra().crashed = r.MessageID
}

// endIncarnation runs Terminate, fails what the incarnation holds and tells its monitors.
func (p *proc) endIncarnation(r Reason) {
	_ = p.guard("Terminate", func() { p.body.terminate(r) }) // it ends all the same
	if r.Kind == ExitCrash {
		p.letGo(r, &CrashError{Process: p.name(), Epoch: p.currentEpoch(), Reason: r})
		return
	}
	p.letGo(r, fmt.Errorf("%s: %w", p.name(), ErrNoProcess))
}

// letGo ends what depends on the incarnation: its families, its context, what it holds, its monitors.
func (p *proc) letGo(r Reason, err error) {
	p.mu.Lock()
	epoch, more := p.epoch, extras{}
	if p.more != nil {
		more = *p.more
		p.more.families, p.more.ctx, p.more.cancel = nil, nil, nil
	}
	p.epoch = over
	p.mu.Unlock()
	for _, f := range more.families {
		f.abandonAll()
	}
	if more.cancel != nil {
		more.cancel()
	}
	p.failHeld(err)
	p.tellWatchers(Down{Name: p.name(), Epoch: epoch, Reason: r, cause: r.MessageID})
}
