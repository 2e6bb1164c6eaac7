package trace

import (
	"math/bits"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Entry is what is recorded: no more than is at hand without an allocation.
type Entry struct {
	ID, Cause ID
	// Sent, Began and Ended are on the monotonic clock; an event that takes no time has Began alone.
	Sent, Began, Ended time.Duration
	// Boot and Incarnation name the incarnation.
	Boot        uint32
	Incarnation uint64
	Process     Label
	Type        reflect.Type
	From        string
	Note        Note
	Kind        Kind
	Asks        bool
	Failed      bool
}

// shardsOf is how many rings there are: processes that run at the same time seldom share one.
const shardsOf = 64

// runBits says how many messages in a row of one incarnation go to the same ring, 32, before it comes to the next: one that is busy may fill them all.
const runBits = 5

// Recorder keeps the last events. It is safe for use by many goroutines.
type Recorder struct {
	shards    []shard
	mask      uint64    // of a place in a ring, whose size is a power of two
	run       int       // runBits, or fewer if a ring is smaller than that
	origin    time.Time // the wall clock at zero of the monotonic one
	followers atomic.Pointer[[]*follower]
	mu        sync.Mutex // guards changes of followers
}

type shard struct {
	slots   []slot
	next    atomic.Uint64
	dropped atomic.Uint64
	_       [64]byte // a cache line for each
}

// slot is one place in a ring. Whoever has set busy owns the entry, for as long as it takes to copy it.
type slot struct {
	busy  atomic.Uint32
	used  bool
	entry Entry
}

// writerTries bounds how often a writer looks whether its place is free again: it does not wait for a reader that lost its processor.
const writerTries = 8

// take makes the place the caller's, unless it is still another's after so many tries; zero stands for no end of them.
func (t *slot) take(tries int) bool {
	for n := 1; !t.busy.CompareAndSwap(0, 1); n++ {
		if n == tries {
			return false
		}
		runtime.Gosched()
	}
	return true
}

// DefaultEvents is how many events a recorder keeps if nothing else is said: about 20 MiB.
const DefaultEvents = 1 << 16

// New makes a recorder of about that many events. Now and mono are a reading of both clocks, taken together.
func New(events int, now time.Time, mono time.Duration) *Recorder {
	r := &Recorder{shards: make([]shard, shardsOf), origin: now.Add(-mono)}
	each := 1 << bits.Len(uint(max(events/shardsOf, 2)-1))
	r.mask, r.run = uint64(each-1), min(runBits, bits.Len(uint(each-1))) //nolint:gosec // it is positive.
	for i := range r.shards {
		r.shards[i].slots = make([]slot, each)
	}
	return r
}

// On reports whether anything is recorded.
func (r *Recorder) On() bool { return r != nil && len(r.shards) > 0 }

// ring returns that of an event. What is no message goes where the message is that it came of.
func (r *Recorder) ring(e *Entry) *shard {
	id := e.ID
	if id == 0 {
		id = e.Cause
	}
	return &r.shards[(e.Incarnation+uint64(id)>>r.run)%shardsOf]
}

// Record keeps an event in place of the oldest of its ring. The caller may use e again.
func (r *Recorder) Record(e *Entry) {
	if !r.On() {
		return
	}
	s := r.ring(e)
	t := &s.slots[(s.next.Add(1)-1)&r.mask]
	if !t.take(writerTries) {
		s.dropped.Add(1)
		return
	}
	t.entry, t.used = *e, true
	t.entry.Note.bound()
	t.busy.Store(0)
	if f := r.followers.Load(); f != nil {
		r.tellFollowers(*f, e)
	}
}

// Dropped counts the events that found their place taken.
func (r *Recorder) Dropped() (n uint64) {
	if r == nil {
		return 0
	}
	for i := range r.shards {
		n += r.shards[i].dropped.Load()
	}
	return n
}

// Len returns how many events there is room for.
func (r *Recorder) Len() int {
	if !r.On() {
		return 0
	}
	return shardsOf * len(r.shards[0].slots)
}

// Snapshot returns the recorded events that the filter selects, in the order of their time.
func (r *Recorder) Snapshot(f Filter) []Event {
	if !r.On() {
		return nil
	}
	var out []Event
	for i := range r.shards {
		s := &r.shards[i]
		next := s.next.Load()
		for n := range r.mask + 1 {
			t := &s.slots[(next+n)&r.mask]
			t.take(0)
			used, e := t.used, t.entry
			t.busy.Store(0)
			if used && (f.Since.IsZero() || !r.origin.Add(e.Began).Before(f.Since)) {
				if ev := r.event(&e); f.Match(ev) {
					out = append(out, ev)
				}
			}
		}
	}
	Sort(out)
	return out
}

// maxText bounds each text of an event, so that what strangers send cannot fill the memory.
const maxText = 256

func (n *Note) bound() {
	if max(len(n.Realm), len(n.User), len(n.MsgID), len(n.Text)) > maxText {
		n.Realm, n.User, n.MsgID, n.Text = cut(n.Realm), cut(n.User), cut(n.MsgID), cut(n.Text)
	}
}

func cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText-3], "") + "..."
}

func (r *Recorder) event(e *Entry) Event {
	out := Event{
		Time: r.origin.Add(e.Began), Kind: e.Kind, Process: e.Process.String(), Epoch: epoch(e.Boot, e.Incarnation), Type: typeName(e.Type),
		Note: e.Note, ID: e.ID, Cause: e.Cause, From: e.From, Asks: e.Asks, Failed: e.Failed, at: e.Began,
	}
	if e.Ended > e.Began {
		out.Took = e.Ended - e.Began
	}
	if e.Sent > 0 && e.Sent < e.Began {
		out.Wait = e.Began - e.Sent
	}
	return out
}
