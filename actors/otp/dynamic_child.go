package otp

import (
	"cmp"
	"fmt"

	"registrar/actors/trace"
)

// dynamicChild is one child of a dynamic supervisor. Process, address, body and first context are
// one object, because there may be a million.
type dynamicChild[K comparable, M any] struct {
	p            proc
	supervisor   *DynamicSupervisor[K, M]
	key          K
	behaviour    Behaviour[M]
	context      *Context[M]
	firstContext Context[M]
	record       *record[K, M] // nil until used

	// For passivation: the message count at the last sweep, the number of sweeps without a
	// message, and whether passivation has begun (guarded by p.mu).
	handledAtSweep uint32
	lastUse        uint32 // the uses of the supervisor at the last delivery; owner's goroutine
	idleSweeps     uint8
	passivating    bool
	// stopRequested means that the owner called Stop; owner's goroutine.
	stopRequested bool
}

// record is the data that few children need: crashes, and the messages that arrived during a
// passivation.
type record[K comparable, M any] struct {
	window   window
	fatal    *Reason // the crash that exceeded the intensity
	queued   []*envelope
	deferred []func(*dynamicChild[K, M])
}

// ensureRecord returns the record and makes it if needed. It is for the owner's goroutine.
func (d *dynamicChild[K, M]) ensureRecord() *record[K, M] {
	if d.record == nil {
		d.record = &record[K, M]{}
	}
	return d.record
}

func (d *dynamicChild[K, M]) incarnate(p *proc, epoch Epoch) {
	d.context, d.behaviour = &d.firstContext, nil
	if p.restarted() {
		d.context = &Context[M]{} // a holder of the first context must not get the new epoch
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

func (*dynamicChild[K, M]) bind(*proc)   {}
func (*dynamicChild[K, M]) unbind(*proc) {}

// tell sends a message to the child.
func (d *dynamicChild[K, M]) tell(from Origin, msg M) error {
	if !d.p.tell(from, msg) {
		return fmt.Errorf("%s: %w", d.p.name(), ErrNoProcess)
	}
	return nil
}

// report reports a start at once and forwards all other events to the owner's goroutine.
func (d *dynamicChild[K, M]) report(e childEvent) {
	s := d.supervisor
	if e.kind == evStarted {
		kind := ChildStarted
		if e.p.restarted() {
			kind = ChildRestarted
		}
		if sys := s.owner.sys; sys.wanted(kind) {
			sys.report(Report{Kind: kind, Process: e.p.name(), Epoch: e.epoch})
		}
		return
	}
	s.owner.post(func() { s.handleEvent(d, e) })
}

func (s *DynamicSupervisor[K, M]) handleEvent(d *dynamicChild[K, M], e childEvent) {
	sys := s.owner.sys
	if e.kind == evExited || e.kind == evIgnored {
		if sys.wanted(ChildTerminated) {
			sys.report(Report{Kind: ChildTerminated, Process: e.p.name(), Epoch: e.epoch, Reason: e.reason})
		}
		if d.p.isAbandoned() {
			s.replaceAbandoned(d, e.reason)
		} else {
			s.childExited(d, e.reason)
		}
		return
	}
	if d.p.isAbandoned() {
		return // its end is an event of its own
	}
	sys.report(Report{Kind: ChildCrashed, Process: e.p.name(), Epoch: e.epoch, Reason: e.reason})
	if s.countCrash(d, e.reason) {
		d.p.stopSoon(e.reason)
		return
	}
	d.p.restart()
}

// countCrash counts an abnormal end and reports whether the child has exceeded its intensity.
func (s *DynamicSupervisor[K, M]) countCrash(d *dynamicChild[K, M], r Reason) bool {
	sys := s.owner.sys
	if !d.ensureRecord().window.add(sys.clock.Mono(), s.spec.Period, s.spec.Intensity) {
		return false
	}
	d.record.fatal = &r
	s.cooling[d.key] = sys.clock.Mono() + s.spec.CoolDown
	s.pruneCooling()
	sys.report(Report{Kind: GaveUp, Process: d.p.name(), Reason: r})
	return true
}

// replaceAbandoned starts a replacement for an abandoned child, unless that was stopping anyway or
// has exceeded its intensity.
func (s *DynamicSupervisor[K, M]) replaceAbandoned(d *dynamicChild[K, M], r Reason) {
	if s.child(d.key) != d {
		return // replaced already
	}
	d.p.mu.Lock()
	ends := d.passivating || d.stopRequested
	d.p.mu.Unlock()
	if ends || d.record != nil && d.record.fatal != nil || s.countCrash(d, r) || s.start(d.key, d, cmp.Or(r.MessageID, s.owner.currentID())) == nil {
		s.childExited(d, r)
	}
}

func (s *DynamicSupervisor[K, M]) childExited(d *dynamicChild[K, M], r Reason) {
	s.mu.Lock()
	if s.children[d.key] == d {
		delete(s.children, d.key)
	}
	s.mu.Unlock()
	if d.record != nil && d.record.fatal != nil {
		r = *d.record.fatal
	}
	if s.startSuccessor(d) {
		return
	}
	if s.spec.OnExit != nil && !s.stopping {
		s.spec.OnExit(d.key, r)
	}
	s.owner.dependantsEnded()
}

// pruneCooling removes the keys with an expired cool-down.
func (s *DynamicSupervisor[K, M]) pruneCooling() {
	now := s.owner.sys.clock.Mono()
	for k, until := range s.cooling {
		if now >= until {
			delete(s.cooling, k)
		}
	}
}
