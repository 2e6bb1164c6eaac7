package traceview_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar/actors/trace"
	"registrar/actors/trace/tracetest"
	"registrar/supervisor/traceview"
)

var update = flag.Bool("update", false, "write the golden files")

// The output of each format equals its golden file; go test -update writes the files.
func TestFormats(t *testing.T) {
	events := trace.Select(tracetest.Scenario().Snapshot(trace.Filter{}), trace.Filter{User: "100", Realm: "acme.test"})
	for name, format := range map[string]func(io.Writer, []trace.Event) error{
		"chart.txt": traceview.Text, "chart.mmd": traceview.Mermaid, "chart.svg": traceview.SVG, "trace.json": traceview.Perfetto, "shiviz.log": traceview.ShiViz, "events.jsonl": trace.WriteLines,
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := format(&got, events); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Diff ignores times, IDs and the number of records in a commit; it reports a different step.
func TestDiff(t *testing.T) {
	a := trace.Select(tracetest.Scenario().Snapshot(trace.Filter{}), trace.Filter{User: "100"})
	b := make([]trace.Event, len(a))
	for i, e := range a {
		e.Time = e.Time.Add(time.Hour)
		for _, id := range []*trace.ID{&e.ID, &e.Cause} {
			if *id != 0 {
				*id = trace.NewID(id.Incarnation()+100, uint64(*id)&0xffffff)
			}
		}
		if e.Kind == trace.Commit {
			e.Text = "12 records"
		}
		b[i] = e
	}
	var out bytes.Buffer
	if n, err := traceview.Diff(&out, a, b); n != 0 || err != nil || out.Len() > 0 {
		t.Errorf("the same scenario: %d differences, %v, %s", n, err, out.String())
	}
	b[len(b)-1].Text = "refused"
	n, err := traceview.Diff(&out, a, b)
	if err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	want := "user/100@acme.test: 5 common steps\n" +
		"    bridge/registrations -> user/100@acme.test: tracetest.register 100@acme.test\n" +
		"  A registrations/writer -> user/100@acme.test: tracetest.written\n" +
		"  B registrations/writer -> user/100@acme.test: tracetest.written refused\n"
	if !strings.HasSuffix(out.String(), want[strings.Index(want, "    bridge"):]) || !strings.HasPrefix(out.String(), "user/100@acme.test: ") {
		t.Error(cmp.Diff(want, out.String()))
	}
}

// broken is a writer that fails.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestFormats_WriteErrors(t *testing.T) {
	events := tracetest.Scenario().Snapshot(trace.Filter{})
	for name, format := range map[string]func(io.Writer, []trace.Event) error{
		"text": traceview.Text, "mermaid": traceview.Mermaid, "svg": traceview.SVG, "perfetto": traceview.Perfetto, "shiviz": traceview.ShiViz, "lines": trace.WriteLines,
	} {
		if err := format(broken{}, events); err == nil {
			t.Errorf("%s: no error of a writer that fails", name)
		}
	}
}

// Perfetto drops arrows that do not begin in a slice. So a start, which has effects, is a slice.
func TestPerfettoArrowsBeginInSlices(t *testing.T) {
	r := trace.New(4096, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), 0)
	shard, writer := trace.Label{Prefix: "users/00"}, trace.Label{Prefix: "registrations/writer"}
	for _, e := range []trace.Entry{
		{ID: trace.NewID(9, 0), Incarnation: 9, Process: shard, Kind: trace.Start, Began: 3 * time.Millisecond},
		{ID: trace.NewID(5, 1), Cause: trace.NewID(9, 0), Incarnation: 5, Process: writer, Began: 5 * time.Millisecond, Ended: 6 * time.Millisecond, Type: reflect.TypeFor[int]()},
	} {
		e.Boot = 1
		r.Record(&e)
	}
	var out bytes.Buffer
	if err := traceview.Perfetto(&out, r.Snapshot(trace.Filter{})); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"name":"start","cat":"start","ph":"X","ts":0,"dur":0.001`, `"name":"causes","cat":"flow","ph":"s","ts":0,"pid":1,"tid":1`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in %s", want, out.String())
		}
	}
}

// A chart with too many processes is an error that names the alternatives; other formats and crash
// reports have no such limit.
func TestChartWidth(t *testing.T) {
	many := func(n int) (events []trace.Event) {
		for i := range n {
			events = append(events, trace.Event{Process: "user/" + strconv.Itoa(i) + "@acme.test", From: "client " + strconv.Itoa(i), ID: trace.NewID(uint64(i+1), 1)})
		}
		return events
	}
	for name, format := range map[string]func(io.Writer, []trace.Event) error{"text": traceview.Text, "mermaid": traceview.Mermaid, "svg": traceview.SVG} {
		var out bytes.Buffer
		if err := format(&out, many(61)); err == nil || !strings.Contains(err.Error(), "--user") || out.Len() > 0 {
			t.Errorf("%s: %v, %d bytes", name, err, out.Len())
		}
		if err := format(&out, many(60)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, format := range []func(io.Writer, []trace.Event) error{trace.WriteLines, traceview.Perfetto, traceview.ShiViz} {
		if err := format(io.Discard, many(61)); err != nil {
			t.Error(err)
		}
	}
	crash := trace.CrashReport{Process: "user/7@acme.test", MessageID: trace.NewID(8, 1)}
	events := many(1000)
	for i := range events[1:] {
		events[i+1].Cause = events[0].ID
	}
	crash.AddEvents(events)
	if err := traceview.WriteCrashReport(io.Discard, &crash); err != nil || len(crash.Events) != 60 {
		t.Errorf("%d events, %v", len(crash.Events), err)
	}
}
