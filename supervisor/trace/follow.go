package trace

import (
	"slices"
	"sync/atomic"
)

// follower gets events as they are recorded.
type follower struct {
	filter Filter
	out    chan Event
	lost   atomic.Uint64
}

// followerMost is how many events wait for a follower.
const followerMost = 4096

// Follow returns the events that the filter selects, as they are recorded. One that reads too slowly loses events: Lost counts them. Cancel ends it; the
// channel is not closed.
func (r *Recorder) Follow(f Filter) (events <-chan Event, lost func() uint64, cancel func()) {
	w := &follower{filter: f, out: make(chan Event, followerMost)}
	if !r.On() {
		return w.out, w.lost.Load, func() {}
	}
	r.change(func(all []*follower) []*follower { return append(all, w) })
	return w.out, w.lost.Load, func() {
		r.change(func(all []*follower) []*follower {
			return slices.DeleteFunc(all, func(x *follower) bool { return x == w })
		})
	}
}

// change replaces the list of followers; nobody who records waits for it.
func (r *Recorder) change(edit func([]*follower) []*follower) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*follower
	if p := r.followers.Load(); p != nil {
		all = slices.Clone(*p)
	}
	if all = edit(all); len(all) == 0 {
		r.followers.Store(nil)
		return
	}
	r.followers.Store(&all)
}

func (r *Recorder) tellFollowers(all []*follower, e *Entry) {
	ev := r.event(e)
	ev.bound() // the ring has cut only its own copy
	for _, f := range all {
		if !f.filter.Match(ev) {
			continue
		}
		select {
		case f.out <- ev:
		default:
			f.lost.Add(1)
		}
	}
}
