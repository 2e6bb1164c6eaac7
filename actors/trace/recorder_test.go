package trace_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"registrar/actors/trace"
)

// The recorder keeps the newest events and has a fixed size; events and texts are bounded.
func TestRecorderIsBounded(t *testing.T) {
	r := trace.New(64, time.Unix(0, 0), 0)
	for i := range 10_000 {
		r.Record(&trace.Entry{ID: trace.NewID(1, uint64(i)), Incarnation: 1, Began: time.Duration(i + 1)})
	}
	got := r.Snapshot(trace.Filter{})
	if len(got) == 0 || len(got) > r.Len() || got[len(got)-1].ID != trace.NewID(1, 9999) {
		t.Errorf("%d events in a recorder of %d, the last is %v", len(got), r.Len(), got[len(got)-1].ID)
	}
	long := strings.Repeat("x", 1<<20)
	r.Record(&trace.Entry{Incarnation: 2, Note: trace.Note{MsgID: long, Text: long}})
	for _, e := range r.Snapshot(trace.Filter{}) {
		if len(e.MsgID) > 256 || len(e.Text) > 256 {
			t.Errorf("a recorded text has %d bytes", max(len(e.MsgID), len(e.Text)))
		}
	}
	for _, off := range []*trace.Recorder{nil, {}} {
		off.Record(&trace.Entry{})
		if off.On() || off.Snapshot(trace.Filter{}) != nil || off.Len() != 0 || off.Dropped() != 0 {
			t.Error("a nil or zero recorder has events")
		}
		_, _, cancel := off.Follow(trace.Filter{})
		cancel()
	}
	entry := trace.Entry{Incarnation: 1}
	var none *trace.Recorder
	if n := testing.AllocsPerRun(100, func() { none.Record(&entry); r.Record(&entry) }); n != 0 {
		t.Errorf("%v allocations per event", n)
	}
}

// With concurrent writers and readers every event is recorded, or dropped and counted.
func TestRecordConcurrently(t *testing.T) {
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
		t.Errorf("%d recorded, %d dropped, want a sum of %d", len(kept), r.Dropped(), writers*each)
	}
}

// Concurrent readers do not hide events from each other.
func TestSnapshotConcurrently(t *testing.T) {
	const readers, events = 8, 64
	r := trace.New(1<<12, time.Unix(0, 0), 0)
	for i := range events {
		r.Record(&trace.Entry{ID: trace.NewID(1, uint64(i+1)), Incarnation: 1, Began: 1})
	}
	seen := make(chan int)
	for range readers {
		go func() {
			fewest := events
			for range 200 {
				fewest = min(fewest, len(r.Snapshot(trace.Filter{})))
			}
			seen <- fewest
		}()
	}
	for range readers {
		if n := <-seen; n != events {
			t.Errorf("a snapshot has %d of %d events", n, events)
		}
	}
}

// One busy process can use the whole capacity; the newest events are kept, deliveries included.
func TestOneProcessUsesAllRings(t *testing.T) {
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
			t.Errorf("%d events in a recorder of %d", len(got), r.Len())
		}
		for i, e := range slices.Backward(got) {
			if want := trace.NewID(7, last-uint64(len(got)-1-i)/each); e.ID|e.Cause != want {
				t.Fatalf("event %d of %d is %v, want %v", i, len(got), e.ID|e.Cause, want)
			}
		}
	}
}
