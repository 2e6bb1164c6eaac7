package trace_test

import (
	"fmt"
	"testing"
	"time"

	"registrar/actors/otp/otptest"
	"registrar/actors/trace"
)

func event(at int, kind trace.Kind, process string, id, cause trace.ID) trace.Event {
	return trace.Event{Time: time.Unix(0, int64(at)), Kind: kind, Process: process, ID: id, Cause: cause}
}

// The first cause of a crash has many other effects before and after the crash. The report still
// has the path to the crash, the crash and the restart.
func TestCrashReportKeepsPath(t *testing.T) {
	delivered, routed := trace.NewID(1, 1), trace.NewID(2, 1)
	user := func(i int) (string, trace.ID) { return fmt.Sprintf("user/%d", i), trace.NewID(100+uint64(i), 1) }
	for _, crashed := range []int{0, 50, 99} {
		all := []trace.Event{event(1, trace.Message, "bridge", delivered, 0), event(2, trace.Message, "users", routed, delivered)}
		for i := range 100 {
			name, id := user(i)
			all = append(all, event(10*i+10, trace.Message, name, id, routed))
			if i == crashed {
				all = append(all, event(10*i+11, trace.Crash, name, 0, id), event(10*i+12, trace.Restart, name, trace.NewID(999, 0), id))
			}
		}
		name, id := user(crashed)
		report := trace.CrashReport{Process: name, MessageID: id}
		report.AddEvents(all)
		if got, want := report.Path(), "bridge → users → "+name; got != want {
			t.Errorf("path %s, want %s", got, want)
		}
		kinds := map[trace.Kind]int{}
		for _, e := range report.Events {
			kinds[e.Kind]++
		}
		if len(report.Events) != 60 || kinds[trace.Crash] != 1 || kinds[trace.Restart] != 1 {
			t.Errorf("%s: %d events, %v", name, len(report.Events), kinds)
		}
		last, id := user(99)
		if got := report.Events[59]; crashed < 99 && (got.Process != last || got.ID != id) {
			t.Errorf("%s: the last event is %v of %s, want the most recent", name, got.ID, got.Process)
		}
	}
}

// The causes in a file can form a cycle.
func TestChainWithCycle(t *testing.T) {
	a, b, c := trace.NewID(1, 1), trace.NewID(2, 1), trace.NewID(3, 1)
	all := []trace.Event{event(1, trace.Message, "a", a, b), event(2, trace.Message, "b", b, a), event(3, trace.Message, "c", c, b)}
	ended := make(chan []trace.Event, 1)
	go func() { ended <- trace.Chain(all, c) }()
	if !otptest.Eventually(func() bool { return len(ended) == 1 }) {
		t.Fatal("Chain does not return")
	}
	if got := <-ended; len(got) != 3 {
		t.Errorf("%d events, want 3", len(got))
	}
}
