package trace

import (
	"math/bits"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Entry is the input of [Recorder.Record]: values that the caller has without an allocation.
type Entry struct {
	ID, Cause ID
	// Sent, Began and Ended are on the monotonic clock; an event without duration has only Began.
	Sent, Began, Ended time.Duration
	// Boot and Incarnation identify the incarnation.
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

// Recorder keeps the most recent events. It is safe for use by many goroutines.
type Recorder struct {
	rings     []ring
	mask      uint64    // the size of a ring, a power of two, minus one
	run       int       // runBits, or fewer if a ring is smaller
	origin    time.Time // wall time at zero of the monotonic clock
	followers atomic.Pointer[[]*follower]
	mu        sync.Mutex // guards changes of followers
}

// DefaultEvents is the default number of events of a recorder; they take about 20 MiB.
const DefaultEvents = 1 << 16

// New returns a recorder of about that many events: the number per ring is rounded up to a power
// of two. The times now and mono are readings of both clocks, taken together.
func New(events int, now time.Time, mono time.Duration) *Recorder {
	r := &Recorder{rings: make([]ring, ringCount), origin: now.Add(-mono)}
	size := 1 << bits.Len(uint(max(events/ringCount, 2)-1))
	r.mask, r.run = uint64(size-1), min(runBits, bits.Len(uint(size-1))) //nolint:gosec // it is positive.
	for i := range r.rings {
		r.rings[i].slots = make([]slot, size)
	}
	return r
}

// On reports whether r records anything.
func (r *Recorder) On() bool { return r != nil && len(r.rings) > 0 }

// ring returns the ring of an event. An event without an ID goes to the ring of its cause.
func (r *Recorder) ring(e *Entry) *ring {
	id := e.ID
	if id == 0 {
		id = e.Cause
	}
	return &r.rings[(e.Incarnation+uint64(id)>>r.run)%ringCount]
}

// Record stores an event in place of the oldest in its ring, and sends it to the followers.
// The caller may reuse e.
func (r *Recorder) Record(e *Entry) {
	if !r.On() || !r.ring(e).write(e, r.mask) {
		return
	}
	if f := r.followers.Load(); f != nil {
		r.notify(*f, e)
	}
}

// Dropped counts the events that were not recorded because their slot was in use.
func (r *Recorder) Dropped() (n uint64) {
	if r == nil {
		return 0
	}
	for i := range r.rings {
		n += r.rings[i].dropped.Load()
	}
	return n
}

// Len returns the capacity in events.
func (r *Recorder) Len() int {
	if !r.On() {
		return 0
	}
	return ringCount * len(r.rings[0].slots)
}

// Snapshot returns the recorded events that f matches, sorted as by [Sort].
func (r *Recorder) Snapshot(f Filter) []Event {
	if !r.On() {
		return nil
	}
	var out []Event
	for i := range r.rings {
		r.rings[i].each(func(e Entry) {
			if !f.Since.IsZero() && r.origin.Add(e.Began).Before(f.Since) {
				return // cheaper than event and Match
			}
			if ev := r.event(&e); f.Match(ev) {
				out = append(out, ev)
			}
		})
	}
	Sort(out)
	return out
}

// maxText bounds each text of an event in bytes, so that input from outside cannot fill the
// memory.
const maxText = 256

func (n *Note) bound() {
	if max(len(n.Realm), len(n.User), len(n.MsgID), len(n.Text)) > maxText {
		n.Realm, n.User, n.MsgID, n.Text = truncate(n.Realm), truncate(n.User), truncate(n.MsgID), truncate(n.Text)
	}
}

func truncate(s string) string {
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
