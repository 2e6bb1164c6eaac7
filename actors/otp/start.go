package otp

import (
	"errors"
	"time"

	"registrar/actors/fault"
	"registrar/actors/trace"
)

// errStartsLater is returned by the Init of a supervisor: it reports its start after that of its
// children.
var errStartsLater = errors.New("ready later")

// Ignore is returned by an Init without work to do (OTP: ignore). The process ends and its
// supervisor continues as if it had started. The declaration stays, unless the child is temporary.
var Ignore = errors.New("nothing to do") //nolint:gochecknoglobals,errname,revive,staticcheck // OTP's word, and not a failure.

// ignored ends a process after Init returned Ignore.
func (p *proc) ignored() {
	if p.isAbandoned() {
		return
	}
	p.endIncarnation(Normal)
	if !p.markClosed(closed) {
		return
	}
	p.unregister(closed)
	p.body.report(childEvent{p: p, kind: evIgnored})
}

// start runs Init of the current incarnation.
func (p *proc) start() {
	p.mu.Lock()
	ended, epoch := p.phase == abandoned, p.epoch
	p.mu.Unlock()
	if ended {
		return // abandoned before Init: code under an ended epoch could own a resource for ever
	}
	p.body.incarnate(p, epoch)
	began := p.assignStartID()
	var err error
	p.guard("", func() {
		p.fault(fault.BeforeInit, nil)
		err = p.body.init()
		p.fault(fault.AfterInit, nil)
	}, func(crash *Reason) { p.initialised(began, err, crash) })
}

// initialised continues after Init.
func (p *proc) initialised(began time.Duration, err error, crash *Reason) {
	if crash == nil && errors.Is(err, errStartsLater) {
		p.recordStart(began)
		p.setPhase(running) // it reports evStarted itself
		return
	}
	if crash == nil && errors.Is(err, Ignore) {
		p.ignored()
		return
	}
	if crash == nil && err != nil {
		crash = &Reason{Kind: ExitCrash, Term: err}
	}
	if p.isAbandoned() {
		return
	}
	if crash != nil {
		epoch := p.currentEpoch()
		p.recordLife(trace.Crash, epoch, p.currentID(), "init: "+crash.String())
		p.endIncarnation(*crash)
		p.setPhase(crashed)
		p.body.report(childEvent{p: p, kind: evFailed, epoch: epoch, reason: *crash})
		return
	}
	p.recordStart(began)
	p.setPhase(running)
	p.body.report(childEvent{p: p, kind: evStarted, epoch: p.currentEpoch()})
	if p.exiting != nil {
		p.stop(*p.exiting)
	}
}
