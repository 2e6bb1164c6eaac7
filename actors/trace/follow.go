package trace

import (
	"slices"
	"sync"
	"sync/atomic"
)

// follower gets the events of a story as they are recorded.
type follower struct {
	story, among Filter
	out          chan Event
	lost         atomic.Uint64

	mu     sync.Mutex
	told   recent // the ids of the story's events
	wanted recent // the ids of what has led to them, which may come after them
}

// followerMost is how many events wait for a follower.
const followerMost = 4096

// Follow returns the events that the filter selects as they are recorded, with what comes of each and what has led to it, as [Story] does. A message is recorded
// when its handling is over, so a cause may come after its effect; what was recorded before anything told that it belongs there does not come. One that reads
// too slowly loses events: Lost counts them. Cancel ends it; the channel is not closed.
func (r *Recorder) Follow(f Filter) (events <-chan Event, lost func() uint64, cancel func()) {
	w := &follower{out: make(chan Event, followerMost)}
	w.story, w.among = f.parts()
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
		if !f.wants(ev) {
			continue
		}
		select {
		case f.out <- ev:
		default:
			f.lost.Add(1)
		}
	}
}

// wants reports whether the follower is to be told of an event. Only what belongs to the story leads on to what comes of it: of what has led to it much else
// comes, such as the others of a batch.
func (f *follower) wants(e Event) bool {
	if f.story.IsZero() {
		return f.among.Match(e)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.story.Match(e) || f.story.ours(e) && f.told.has(e.Cause) {
		f.told.add(e.ID)
	} else if !f.wanted.has(e.ID) {
		return false
	}
	if !f.told.has(e.Cause) {
		f.wanted.add(e.Cause)
	}
	return f.among.Match(e)
}

// recentMost is how many ids a follower remembers.
const recentMost = 8192

// recent is a set of the ids that were added last.
type recent struct {
	there map[ID]bool
	order []ID
	next  int // the oldest, once it is full
}

func (r *recent) has(id ID) bool { return r.there[id] }

// add adds an id, but for zero, which is none.
func (r *recent) add(id ID) {
	if id == 0 || r.there[id] {
		return
	}
	if r.there == nil {
		r.there = map[ID]bool{}
	}
	r.there[id] = true
	if len(r.order) < recentMost {
		r.order = append(r.order, id)
		return
	}
	delete(r.there, r.order[r.next])
	r.order[r.next] = id
	r.next = (r.next + 1) % recentMost
}
