package otp

import (
	"cmp"
	"fmt"

	"registrar/actors/trace"
)

// kid is one child of a family: process, address, body and its first context in one object, because there may be a million.
type dynamicChild[K comparable, M any] struct {
	p            proc
	supervisor   *DynamicSupervisor[K, M]
	key          K
	behaviour    Behaviour[M]
	context      *Context[M]
	firstContext Context[M]
	record       *record[K, M] // nil until it is needed

	// For passivation: the messages handled at the last look, the looks since without any, and whether it is being put away (guarded by
	// p.mu).
	handledAtSweep uint32
	lastUse        uint32 // the family's turn when it was last handed something; for the owner's goroutine
	idleSweeps     uint8
	passivating    bool
	// unwanted means that its owner has told it to stop; for the owner's goroutine.
	stopRequested bool
}

// record is what few children need: their crashes, and what came while one was put away.
type record[K comparable, M any] struct {
	window   window
	fatal    *Reason // the crash after which it is not restarted
	queued   []*envelope
	deferred []func(*dynamicChild[K, M])
}

// notes returns the record, made if need be; for the owner's goroutine.
func (d *dynamicChild[K, M]) ensureRecord() *record[K, M] {
	if d.record == nil {
		d.record = &record[K, M]{}
	}
	return d.record
}

func (d *dynamicChild[K, M]) incarnate(p *proc, epoch Epoch) {
	d.context, d.behaviour = &d.firstContext, nil
	if p.restarted() {
		d.context = &Context[M]{} // whoever still has the first one must not get the new epoch
	}
	d.context.p, d.context.epoch = p, epoch
}

func (d *dynamicChild[K, M]) init() error {
	d.behaviour = d.supervisor.spec.New(d.key)
	return d.behaviour.Init(d.context)
}

func (d *dynamicChild[K, M]) handle(msg any) {
	d.behaviour.Handle(d.context, cast[M](&d.p, msg))
}

func (d *dynamicChild[K, M]) terminate(r Reason) {
	if d.behaviour != nil {
		d.behaviour.Terminate(d.context, r)
	}
}

func (d *dynamicChild[K, M]) label() trace.Label { return d.supervisor.spec.label(d.key) }

func (d *dynamicChild[K, M]) state() any { return stateOf(d.behaviour) }
func (d *dynamicChild[K, M]) size() int  { return sizeOf(d.behaviour) }

func (*dynamicChild[K, M]) bind(*proc)   {}
func (*dynamicChild[K, M]) unbind(*proc) {}

// tell hands a message to the child.
func (d *dynamicChild[K, M]) tell(from Origin, msg M) error {
	if d.p.full(int32(min(d.supervisor.spec.Bound, 1<<30))) { //nolint:gosec // cut to fit.
		return fmt.Errorf("%s: %w", d.p.name(), ErrOverloaded)
	}
	if !d.p.tell(from, msg) {
		return fmt.Errorf("%s: %w", d.p.name(), ErrNoProcess)
	}
	return nil
}

// report brings what matters onto the owner's goroutine.
func (d *dynamicChild[K, M]) report(e childEvent) {
	f := d.supervisor
	if e.kind == evStarted {
		kind := ChildStarted
		if e.p.restarted() {
			kind = ChildRestarted
		}
		if sys := f.owner.sys; sys.wanted(kind) {
			sys.report(Report{Kind: kind, Process: e.p.name(), Epoch: e.epoch})
		}
		return
	}
	f.owner.post(func() { f.handleEvent(d, e) })
}

func (f *DynamicSupervisor[K, M]) handleEvent(d *dynamicChild[K, M], e childEvent) {
	sys := f.owner.sys
	if e.kind == evExited || e.kind == evIgnored {
		if sys.wanted(ChildTerminated) {
			sys.report(Report{Kind: ChildTerminated, Process: e.p.name(), Epoch: e.epoch, Reason: e.reason})
		}
		if d.p.isAbandoned() {
			f.replaceAbandoned(d, e.reason)
		} else {
			f.childExited(d, e.reason)
		}
		return
	}
	if d.p.isAbandoned() {
		return // the end of it is, or will be, another event
	}
	sys.report(Report{Kind: ChildCrashed, Process: e.p.name(), Epoch: e.epoch, Reason: e.reason})
	if f.countCrash(d, e.reason) {
		d.p.stopSoon(e.reason)
		return
	}
	d.p.restart()
}

// tooMany counts the end of an incarnation, and reports whether it is the last one.
func (f *DynamicSupervisor[K, M]) countCrash(d *dynamicChild[K, M], r Reason) bool {
	sys := f.owner.sys
	if !d.ensureRecord().window.add(sys.clock.Mono(), f.spec.Period, f.spec.Intensity) {
		return false
	}
	d.record.fatal = &r
	f.cooling[d.key] = sys.clock.Mono() + f.spec.CoolDown
	f.pruneCooling()
	sys.report(Report{Kind: GaveUp, Process: d.p.name(), Reason: r})
	return true
}

// lost puts another in the place of a child that was abandoned, unless it was to end anyway or that has happened too often.
func (f *DynamicSupervisor[K, M]) replaceAbandoned(d *dynamicChild[K, M], r Reason) {
	if f.child(d.key) != d {
		return // another is in its place already
	}
	d.p.mu.Lock()
	ends := d.passivating || d.stopRequested
	d.p.mu.Unlock()
	if ends || d.record != nil && d.record.fatal != nil || f.countCrash(d, r) || f.start(d.key, d, cmp.Or(r.MessageID, f.owner.currentID())) == nil {
		f.childExited(d, r)
	}
}

func (f *DynamicSupervisor[K, M]) childExited(d *dynamicChild[K, M], r Reason) {
	f.mu.Lock()
	if f.children[d.key] == d {
		delete(f.children, d.key)
	}
	f.mu.Unlock()
	if d.record != nil && d.record.fatal != nil {
		r = *d.record.fatal
	}
	if f.startSuccessor(d) {
		return
	}
	if f.spec.OnExit != nil && !f.stopping {
		f.spec.OnExit(d.key, r)
	}
	f.owner.dependantsEnded()
}

// forgetCooled keeps the list of cooling keys as short as the crashes of the last cool-down.
func (f *DynamicSupervisor[K, M]) pruneCooling() {
	now := f.owner.sys.clock.Mono()
	for k, until := range f.cooling {
		if now >= until {
			delete(f.cooling, k)
		}
	}
}
