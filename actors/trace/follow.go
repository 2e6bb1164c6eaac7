package trace

import (
	"slices"
	"sync"
	"sync/atomic"
)

// follower receives the events of a conversation as they are recorded.
type follower struct {
	conversation, within Filter // see Filter.split
	out                  chan Event
	lost                 atomic.Uint64

	mu       sync.Mutex
	selected recentIDs // events of the conversation
	causes   recentIDs // causes of these; an event of a cause can be recorded after its effects
}

// followerBuffer bounds the events that wait for a follower.
const followerBuffer = 4096

// Follow returns the conversations that f matches as their events are recorded; see [Select].
//
// A message is recorded when its handling ends, so a cause can come after its effect. An event
// that was recorded before anything connected it with the conversation is not sent. Events that
// find the channel full (4096 events) are lost; lost counts them. Cancel ends the subscription;
// it does not close the channel.
func (r *Recorder) Follow(f Filter) (events <-chan Event, lost func() uint64, cancel func()) {
	w := &follower{out: make(chan Event, followerBuffer)}
	w.conversation, w.within = f.split()
	if !r.On() {
		return w.out, w.lost.Load, func() {}
	}
	r.editFollowers(func(all []*follower) []*follower { return append(all, w) })
	return w.out, w.lost.Load, func() {
		r.editFollowers(func(all []*follower) []*follower {
			return slices.DeleteFunc(all, func(x *follower) bool { return x == w })
		})
	}
}

// editFollowers replaces the list of followers. Record does not wait for it.
func (r *Recorder) editFollowers(edit func([]*follower) []*follower) {
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

func (r *Recorder) notify(all []*follower, e *Entry) {
	ev := r.event(e)
	ev.bound() // the ring bounds only its own copy
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

// wants reports whether to send an event to the follower. It follows the effects of the
// conversation only: a cause of the conversation can have many unrelated effects, such as the
// rest of a batch.
func (f *follower) wants(e Event) bool {
	if f.conversation.IsZero() {
		return f.within.Match(e)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.conversation.Match(e) || f.conversation.compatible(e) && f.selected.has(e.Cause) {
		f.selected.add(e.ID)
	} else if !f.causes.has(e.ID) {
		return false
	}
	if !f.selected.has(e.Cause) {
		f.causes.add(e.Cause)
	}
	return f.within.Match(e)
}

// recentMax bounds the IDs that a follower remembers.
const recentMax = 8192

// recentIDs is a set of the IDs that were added last.
type recentIDs struct {
	set   map[ID]bool
	order []ID
	next  int // the position of the oldest, once order is full
}

func (r *recentIDs) has(id ID) bool { return r.set[id] }

// add adds an ID; it ignores zero.
func (r *recentIDs) add(id ID) {
	if id == 0 || r.set[id] {
		return
	}
	if r.set == nil {
		r.set = map[ID]bool{}
	}
	r.set[id] = true
	if len(r.order) < recentMax {
		r.order = append(r.order, id)
		return
	}
	delete(r.set, r.order[r.next])
	r.order[r.next] = id
	r.next = (r.next + 1) % recentMax
}
