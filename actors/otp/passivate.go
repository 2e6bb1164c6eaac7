package otp

import (
	"cmp"
	"slices"
)

// Passivator is a behaviour that says whether it may be put away now. It is asked on the process's goroutine when the process has been idle
// for long enough; without this method it may.
type Passivator interface{ Passivate() bool }

// sweepIdle puts children away that have handled nothing for [FamilySpec.Idle]: one look at all of them now and then, instead of a timer each.
func (f *DynamicSupervisor[K, M]) sweep() {
	f.owner.sys.clock.AfterFunc(f.spec.PassivateAfter/2, func() {
		f.owner.post(func() {
			f.mu.Lock()
			ended := f.closed || f.stopping
			f.mu.Unlock()
			if ended {
				return
			}
			for _, d := range f.all() {
				d.sweep()
			}
			f.sweep()
		})
	})
}

// age looks whether the child has done anything since the last look but one.
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

// evictOf is how many children are compared to find those to put away.
const evictSample = 16

// evict puts children away that have not been used for about the longest: one, and as many more as there are too many, because those who were told
// before may still be there, or have been busy.
func (f *DynamicSupervisor[K, M]) evict() {
	var some [evictSample]*dynamicChild[K, M]
	n := 0
	f.mu.Lock()
	most := max(1, len(f.children)-f.spec.MaxLive+1)
	for _, d := range f.children { // in an order that is random enough
		some[n] = d
		if n++; n == evictSample {
			break
		}
	}
	f.mu.Unlock()
	slices.SortFunc(some[:n], func(a, b *dynamicChild[K, M]) int { return cmp.Compare(f.uses-b.lastUse, f.uses-a.lastUse) })
	for _, d := range some[:min(n, most)] {
		d.p.mu.Lock()
		handled := d.p.handled
		d.p.mu.Unlock()
		d.p.post(func() { d.passivate(handled) })
	}
}

// passivate ends the child in order unless something has come meanwhile. What comes from now on goes to its successor.
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

// inherit takes what came while the child was put away, and reports whether it did.
func (d *dynamicChild[K, M]) takeQueue(left []*envelope) bool {
	d.p.mu.Lock()
	defer d.p.mu.Unlock()
	if !d.passivating {
		return false
	}
	d.supervisor.owner.post(func() { d.ensureRecord().queued = left }) // before the news of its end
	return true
}

// after keeps a message for the successor of a child that is being put away; false if it is not.
func (d *dynamicChild[K, M]) deferMessage(from Origin, msg M) bool {
	d.p.mu.Lock()
	defer d.p.mu.Unlock()
	if !d.passivating {
		return false
	}
	n := d.ensureRecord()
	n.deferred = append(n.deferred, func(next *dynamicChild[K, M]) { _ = next.tell(from, msg) }) // it has just been started
	return true
}

// succeed starts a successor if something came meanwhile, and hands it over in order. It reports whether it did.
func (f *DynamicSupervisor[K, M]) startSuccessor(d *dynamicChild[K, M]) bool {
	n := d.record
	if n == nil || len(n.queued)+len(n.deferred) == 0 {
		return false
	}
	next := f.start(d.key, nil, f.owner.currentID())
	if next == nil {
		for _, e := range n.queued {
			f.owner.sys.deadLetter(d.p.name(), e.msg, e.cause)
		}
		return false // what is late is still held by the owner's incarnation
	}
	for _, e := range n.queued {
		if e.epoch == 0 { // else it was for the one that is gone
			next.p.enqueue(&envelope{msg: e.msg, queue: e.queue, kind: e.kind, from: e.from, cause: e.cause})
		}
	}
	for _, tell := range n.deferred {
		tell(next)
	}
	return true
}
