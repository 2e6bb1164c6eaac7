package otp

import (
	"cmp"
	"slices"
)

// Passivator is a behaviour that says whether it may be put away now. It is asked on the process's goroutine when the process has been idle
// for long enough; without this method it may.
type Passivator interface{ Passivate() bool }

// sweepIdle puts children away that have handled nothing for [FamilySpec.Idle]: one look at all of them now and then, instead of a timer each.
func (f *DynamicSupervisor[K, M]) sweepIdle() {
	f.owner.sys.clock.AfterFunc(f.spec.PassivateAfter/2, func() {
		f.owner.post(func() {
			f.mu.Lock()
			ended := f.over || f.stop
			f.mu.Unlock()
			if ended {
				return
			}
			for _, d := range f.all() {
				d.age()
			}
			f.sweepIdle()
		})
	})
}

// age looks whether the child has done anything since the last look but one.
func (d *dynamicChild[K, M]) age() {
	d.p.mu.Lock()
	handled, busy := d.p.handled, d.p.inHand != nil || d.p.waiting[normalLane]+d.p.waiting[urgentLane] > 0
	d.p.mu.Unlock()
	if handled != d.seen || busy {
		d.seen, d.looks = handled, 0
		return
	}
	if d.looks++; d.looks >= 2 {
		d.looks = 0
		d.p.post(func() { d.passivate(handled) })
	}
}

// evictOf is how many children are compared to find those to put away.
const evictOf = 16

// evict puts children away that have not been used for about the longest: one, and as many more as there are too many, because those who were told
// before may still be there, or have been busy.
func (f *DynamicSupervisor[K, M]) evict() {
	var some [evictOf]*dynamicChild[K, M]
	n := 0
	f.mu.Lock()
	most := max(1, len(f.kids)-f.spec.MaxLive+1)
	for _, d := range f.kids { // in an order that is random enough
		some[n] = d
		if n++; n == evictOf {
			break
		}
	}
	f.mu.Unlock()
	slices.SortFunc(some[:n], func(a, b *dynamicChild[K, M]) int { return cmp.Compare(f.turn-b.used, f.turn-a.used) })
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
	idle := p.life == running && !p.paused && p.handled == handled && p.waiting[normalLane]+p.waiting[urgentLane] == 0
	p.mu.Unlock()
	if !idle {
		return
	}
	if v, ok := d.b.(Passivator); ok && !v.Passivate() {
		return
	}
	p.mu.Lock()
	d.passive = true
	p.mu.Unlock()
	p.stop(Normal)
}

// inherit takes what came while the child was put away, and reports whether it did.
func (d *dynamicChild[K, M]) inherit(left []*envelope) bool {
	d.p.mu.Lock()
	defer d.p.mu.Unlock()
	if !d.passive {
		return false
	}
	d.family.owner.post(func() { d.notes().left = left }) // before the news of its end
	return true
}

// after keeps a message for the successor of a child that is being put away; false if it is not.
func (d *dynamicChild[K, M]) after(from Origin, msg M) bool {
	d.p.mu.Lock()
	defer d.p.mu.Unlock()
	if !d.passive {
		return false
	}
	n := d.notes()
	n.late = append(n.late, func(next *dynamicChild[K, M]) { _ = next.tell(from, msg) }) // it has just been started
	return true
}

// succeed starts a successor if something came meanwhile, and hands it over in order. It reports whether it did.
func (f *DynamicSupervisor[K, M]) succeed(d *dynamicChild[K, M]) bool {
	n := d.record
	if n == nil || len(n.left)+len(n.late) == 0 {
		return false
	}
	next := f.start(d.key, nil, f.owner.handling())
	if next == nil {
		for _, e := range n.left {
			f.owner.sys.deadLetter(d.p.name(), e.msg, e.cause)
		}
		return false // what is late is still held by the owner's incarnation
	}
	for _, e := range n.left {
		if e.epoch == 0 { // else it was for the one that is gone
			next.p.enqueue(&envelope{msg: e.msg, lane: e.lane, kind: e.kind, from: e.from, cause: e.cause})
		}
	}
	for _, tell := range n.late {
		tell(next)
	}
	return true
}
