package trace_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"registrar/actors/trace"
	"registrar/actors/trace/tracetest"
)

// ReadLines returns the events of WriteLines, sorted, whatever the order of the lines.
func TestReadLines(t *testing.T) {
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
		if _, err := trace.ReadLines(strings.NewReader(text.String() + bad)); err == nil || !strings.Contains(err.Error(), "line 14 is not an event") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
