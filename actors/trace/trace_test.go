package trace_test

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"registrar/actors/trace"
	"registrar/actors/trace/tracetest"
)

// What is written as JSON Lines is read back as it was, in any order of the lines.
func TestLinesAreReadBack(t *testing.T) {
	events := tracetest.Scenario().Snapshot(trace.Filter{})
	var text bytes.Buffer
	if err := trace.WriteLines(&text, events); err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSpace(text.String()), "\n")
	lines[0], lines[5] = lines[5], lines[0]
	got, err := trace.ReadLines(strings.NewReader(strings.Join(lines, "")))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(events, got, cmpopts.IgnoreUnexported(trace.Event{})); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"{", `{"kind":"nonsense"}`, `{"id":"7"}`, `{"id":"x.1"}`} {
		if _, err := trace.ReadLines(strings.NewReader(text.String() + bad)); err == nil || !strings.Contains(err.Error(), "line 14 is no event") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestStories(t *testing.T) {
	all := tracetest.Scenario().Snapshot(trace.Filter{})
	count := func(f trace.Filter) int { return len(trace.Select(all, f)) }
	for _, c := range []struct {
		name string
		f    trace.Filter
		want int
	}{
		{"everything", trace.Filter{}, 13},
		{"a user's, across its crash", trace.Filter{User: "100", Realm: "acme.test"}, 12},
		{"another's", trace.Filter{User: "200", Realm: "b.test"}, 1},
		{"a realm's", trace.Filter{Realm: "b.test"}, 1},
		{"a question's", trace.Filter{MsgID: "m1"}, 11},
		{"nobody's", trace.Filter{User: "300"}, 0},
		{"a process's, with what led to it", trace.Filter{Process: "registrations/*"}, 7},
		{"a crash's, with what led to it", trace.Filter{Kinds: []trace.Kind{trace.Crash}}, 3},
		{"a type's", trace.Filter{Type: "stored"}, 7},
	} {
		if got := count(c.f); got != c.want {
			t.Errorf("%s: %d events, want %d", c.name, got, c.want)
		}
	}
	if got := len(trace.Chain(all, trace.NewID(10, 3))); got != 12 {
		t.Errorf("the chain of the last message has %d events", got)
	}
	if trace.Chain(all, trace.NewID(99, 1)) != nil {
		t.Error("a chain of a message that is not there")
	}
	if err := (trace.Filter{Process: "["}).Check(); err == nil {
		t.Error("a bad pattern is accepted")
	}
}

// A ring keeps the newest events, never grows and never waits.
func TestRingIsBounded(t *testing.T) {
	r := trace.New(64, time.Unix(0, 0), 0)
	for i := range 10_000 {
		r.Record(&trace.Entry{ID: trace.NewID(1, uint64(i)), Incarnation: 1, Began: time.Duration(i + 1)})
	}
	got := r.Snapshot(trace.Filter{})
	if len(got) == 0 || len(got) > r.Len() || got[len(got)-1].ID != trace.NewID(1, 9999) {
		t.Errorf("%d of %d events, the last %v", len(got), r.Len(), got[len(got)-1].ID)
	}
	long := strings.Repeat("x", 1<<20)
	r.Record(&trace.Entry{Incarnation: 2, Note: trace.Note{MsgID: long, Text: long}})
	for _, e := range r.Snapshot(trace.Filter{}) {
		if len(e.MsgID) > 256 || len(e.Text) > 256 {
			t.Errorf("a text of %d bytes is kept", max(len(e.MsgID), len(e.Text)))
		}
	}
	for _, off := range []*trace.Recorder{nil, {}} {
		off.Record(&trace.Entry{})
		if off.On() || off.Snapshot(trace.Filter{}) != nil || off.Len() != 0 || off.Dropped() != 0 {
			t.Error("what records nothing has recorded something")
		}
		_, _, cancel := off.Follow(trace.Filter{})
		cancel()
	}
	entry := trace.Entry{Incarnation: 1}
	var none *trace.Recorder
	if n := testing.AllocsPerRun(100, func() { none.Record(&entry); r.Record(&entry) }); n != 0 {
		t.Errorf("%v allocations an event", n)
	}
}

// Many writers, readers and followers at once: every event is kept, or dropped and counted.
func TestEveryEventIsKeptOrCounted(t *testing.T) {
	const writers, each = 8, 500
	r := trace.New(1<<16, time.Unix(0, 0), 0)
	done := make(chan struct{})
	for w := range writers {
		go func() {
			defer func() { done <- struct{}{} }()
			for i := range each {
				r.Record(&trace.Entry{ID: trace.NewID(uint64(w), uint64(i+1)), Incarnation: uint64(w), Began: 1})
				if i%100 == 0 {
					r.Snapshot(trace.Filter{})
				}
			}
		}()
	}
	for range writers {
		<-done
	}
	kept := map[trace.ID]bool{}
	for _, e := range r.Snapshot(trace.Filter{}) {
		kept[e.ID] = true
	}
	if n := uint64(len(kept)) + r.Dropped(); n != writers*each {
		t.Errorf("%d kept, %d dropped, of %d", len(kept), r.Dropped(), writers*each)
	}
}

// Readers at the same time do not hide an event from each other.
func TestReadersSeeEverything(t *testing.T) {
	const readers, events = 8, 64
	r := trace.New(1<<12, time.Unix(0, 0), 0)
	for i := range events {
		r.Record(&trace.Entry{ID: trace.NewID(1, uint64(i+1)), Incarnation: 1, Began: 1})
	}
	seen := make(chan int)
	for range readers {
		go func() {
			least := events
			for range 200 {
				least = min(least, len(r.Snapshot(trace.Filter{})))
			}
			seen <- least
		}()
	}
	for range readers {
		if n := <-seen; n != events {
			t.Errorf("%d of %d events", n, events)
		}
	}
}

func TestFollowersGetWhatTheyAskFor(t *testing.T) {
	r := trace.New(64, time.Unix(0, 0), 0)
	events, lost, cancel := r.Follow(trace.Filter{User: "100"})
	for i := range 5000 {
		r.Record(&trace.Entry{Incarnation: 1, Began: time.Duration(i), Note: trace.Note{User: strconv.Itoa(100 + i%2)}})
	}
	if (<-events).User != "100" || lost() != 0 {
		t.Errorf("lost %d", lost())
	}
	for range 10_000 {
		r.Record(&trace.Entry{Incarnation: 1, Note: trace.Note{User: "100"}})
	}
	if n := uint64(len(events)) + lost(); n != 2499+10_000 || lost() == 0 {
		t.Errorf("%d events wait, %d are lost", len(events), lost())
	}
	cancel()
	before := len(events)
	r.Record(&trace.Entry{Incarnation: 1, Note: trace.Note{User: "100"}})
	if len(events) != before {
		t.Error("an event after the end")
	}
}

// A follower gets texts as short as those in the ring: a line that is too long would end it.
func TestFollowersGetShortTexts(t *testing.T) {
	r := trace.New(64, time.Unix(0, 0), 0)
	events, _, cancel := r.Follow(trace.Filter{})
	defer cancel()
	long := strings.Repeat("x", 2<<20)
	r.Record(&trace.Entry{Incarnation: 1, Kind: trace.Crash, Note: trace.Note{MsgID: long, Text: long}})
	if diff := cmp.Diff(r.Snapshot(trace.Filter{})[0], <-events, cmpopts.IgnoreUnexported(trace.Event{})); diff != "" {
		t.Error(diff)
	}
}

// The memory is everybody's: a process that is busy alone has all of it, and the newest events are there, those among them that are no messages.
func TestOneProcessMayFillTheMemory(t *testing.T) {
	for size, each := range map[int]uint64{64: 1, 1 << 12: 2} {
		r := trace.New(size, time.Unix(0, 0), 0)
		last := uint64(10 * r.Len())
		for i := range last + 1 {
			e := trace.Entry{ID: trace.NewID(7, i), Incarnation: 7, Began: time.Duration(i + 1)}
			r.Record(&e)
			if e.ID, e.Cause, e.Kind = 0, e.ID, trace.Delivery; each == 2 {
				r.Record(&e)
			}
		}
		got := r.Snapshot(trace.Filter{})
		if len(got) != r.Len() {
			t.Errorf("%d of %d events", len(got), r.Len())
		}
		for i, e := range slices.Backward(got) {
			if want := trace.NewID(7, last-uint64(len(got)-1-i)/each); e.ID|e.Cause != want {
				t.Fatalf("%v in place %d of %d, want %v", e.ID|e.Cause, i, len(got), want)
			}
		}
	}
}
