package otp

import (
	"cmp"
	"slices"
)

// Passivator is a behaviour that can refuse to be passivated. It is asked on the goroutine of the
// process after the idle time. A behaviour without this method never refuses.
type Passivator interface{ Passivate() bool }

// sweep passivates children without messages for [DynamicSupervisorSpec.PassivateAfter]. One sweep
// over all children is cheaper than a timer each.
func (s *DynamicSupervisor[K, M]) sweep() {
	s.owner.sys.clock.AfterFunc(s.spec.PassivateAfter/2, func() {
		s.owner.post(func() {
			s.mu.Lock()
			ended := s.closed || s.stopping
			s.mu.Unlock()
			if ended {
				return
			}
			for _, d := range s.all() {
				d.sweep()
			}
			s.sweep()
		})
	})
}

// sweep passivates the child if it has been idle for two sweeps.
func (d *dynamicChild[K, M]) sweep() {
	d.p.mu.Lock()
	handled, busy := d.p.handled, d.p.current != nil || d.p.queued[normalQueue]+d.p.queued[urgentQueue] > 0
	d.p.mu.Unlock()
	if handled != d.handledAtSweep || busy {
		d.handledAtSweep, d.idleSweeps = handled, 0
		return
	}
	if d.idleSweeps++; d.idleSweeps >= 2 {
		d.idleSweeps = 0
		d.p.post(func() { d.passivate(handled) })
	}
}

// evictSample is the number of children among which evict looks for the least recently used.
const evictSample = 16

// evict passivates the least recently used children of a random sample. It takes as many as exceed
// MaxLive, at least one: children chosen earlier may have been busy or not ended yet.
func (s *DynamicSupervisor[K, M]) evict() {
	var sample [evictSample]*dynamicChild[K, M]
	n := 0
	s.mu.Lock()
	count := max(1, len(s.children)-s.spec.MaxLive+1)
	for _, d := range s.children { // map order is random enough
		sample[n] = d
		if n++; n == evictSample {
			break
		}
	}
	s.mu.Unlock()
	slices.SortFunc(sample[:n], func(a, b *dynamicChild[K, M]) int { return cmp.Compare(s.uses-b.lastUse, s.uses-a.lastUse) })
	for _, d := range sample[:min(n, count)] {
		d.p.mu.Lock()
		handled := d.p.handled
		d.p.mu.Unlock()
		d.p.post(func() { d.passivate(handled) })
	}
}

// passivate stops the child unless a message has arrived. Later messages go to its successor.
func (d *dynamicChild[K, M]) passivate(handled uint32) {
	p := &d.p
	p.mu.Lock()
	idle := p.phase == running && !p.paused && p.handled == handled && p.queued[normalQueue]+p.queued[urgentQueue] == 0
	p.mu.Unlock()
	if !idle {
		return
	}
	if v, ok := d.behaviour.(Passivator); ok && !v.Passivate() {
		return
	}
	p.mu.Lock()
	d.passivating = true
	p.mu.Unlock()
	p.stop(Normal)
}

// takeQueue keeps the queue of a passivated child for its successor and reports whether it did.
func (d *dynamicChild[K, M]) takeQueue(rest []*envelope) bool {
	d.p.mu.Lock()
	defer d.p.mu.Unlock()
	if !d.passivating {
		return false
	}
	d.supervisor.owner.post(func() { d.ensureRecord().queued = rest }) // ahead of the event of its end
	return true
}

// deferMessage keeps a message for the successor of a child that is being passivated; false if it
// is not.
func (d *dynamicChild[K, M]) deferMessage(from Origin, msg M) bool {
	d.p.mu.Lock()
	defer d.p.mu.Unlock()
	if !d.passivating {
		return false
	}
	n := d.ensureRecord()
	// A successor that has just been started accepts the message.
	n.deferred = append(n.deferred, func(next *dynamicChild[K, M]) { _ = next.tell(from, msg) })
	return true
}

// startSuccessor starts a successor if messages arrived during the passivation, hands them over in
// order and reports whether it did.
func (s *DynamicSupervisor[K, M]) startSuccessor(d *dynamicChild[K, M]) bool {
	n := d.record
	if n == nil || len(n.queued)+len(n.deferred) == 0 {
		return false
	}
	next := s.start(d.key, nil, s.owner.currentID())
	if next == nil {
		for _, e := range n.queued {
			s.owner.sys.deadLetter(d.p.name(), e.msg, e.cause)
		}
		return false // deferred requests are held by the owner's incarnation
	}
	for _, e := range n.queued {
		if e.epoch == 0 { // a message for one incarnation ends with it
			next.p.enqueue(&envelope{msg: e.msg, queue: e.queue, kind: e.kind, from: e.from, cause: e.cause})
		}
	}
	for _, tell := range n.deferred {
		tell(next)
	}
	return true
}
