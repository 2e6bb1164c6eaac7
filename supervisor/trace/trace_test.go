package trace_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"registrar/supervisor/trace"
)

var update = flag.Bool("update", false, "write the golden files")

// register is a message of the tests.
type (
	register struct{}
	written  struct{}
	stored   struct{}
)

const ms = time.Millisecond

// scenario is a registration whose actor crashes over its first try, as a recorder is told of it.
func scenario() *trace.Recorder {
	r := trace.New(4096, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), 0)
	user := trace.Label{Room: "user/", Realm: "acme.test", User: "100"}
	flow, writer := trace.Label{Room: "bridge/registrations"}, trace.Label{Room: "registrations/writer"}
	about := trace.Note{Realm: "acme.test", User: "100", MsgID: "m1"}
	registerType, writtenType, storedType := reflect.TypeFor[register](), reflect.TypeFor[*written](), reflect.TypeFor[stored]()
	delivered := trace.NewID(3, 1)
	with := func(n trace.Note, text string) trace.Note { n.Text = text; return n }
	for _, e := range []trace.Entry{
		{ID: delivered, Incarnation: 3, Process: flow, Began: 1 * ms, Ended: 2 * ms, Sent: ms / 2, From: "amqp", Type: registerType},
		{Cause: delivered, Incarnation: 3, Process: flow, Kind: trace.Delivery, Began: 1*ms + ms/2, Note: with(about, "reg_success")},
		{ID: trace.NewID(9, 0), Cause: delivered, Incarnation: 9, Process: user, Kind: trace.Start, Began: 3 * ms, Ended: 4 * ms},
		{ID: trace.NewID(9, 1), Cause: delivered, Incarnation: 9, Process: user, Began: 5 * ms, Ended: 6 * ms, Sent: 2 * ms, Type: registerType, Note: about, Asks: true, Failed: true},
		{Cause: trace.NewID(9, 1), Incarnation: 9, Process: user, Kind: trace.Crash, Began: 6 * ms, Note: trace.Note{Text: "crash: <boom>; #1"}},
		{ID: trace.NewID(10, 0), Cause: trace.NewID(9, 1), Incarnation: 10, Process: user, Kind: trace.Restart, Began: 7 * ms, Ended: 7 * ms},
		{ID: trace.NewID(3, 2), Cause: trace.NewID(9, 1), Incarnation: 3, Process: flow, Kind: trace.Completion, Began: 8 * ms, Ended: 9 * ms, Sent: 7 * ms, Type: writtenType, Note: with(about, "failed")},
		{ID: trace.NewID(3, 3), Cause: trace.NewID(3, 2), Incarnation: 3, Process: flow, Kind: trace.Timer, Began: 58 * ms, Ended: 59 * ms, Type: writtenType},
		{ID: trace.NewID(10, 2), Cause: trace.NewID(3, 3), Incarnation: 10, Process: user, Began: 60 * ms, Ended: 61 * ms, Sent: 59 * ms, Type: registerType, Note: about, Asks: true},
		{ID: trace.NewID(5, 4), Cause: trace.NewID(10, 2), Incarnation: 5, Process: writer, Began: 62 * ms, Ended: 66 * ms, Sent: 61 * ms, Type: storedType, Note: with(about, "put")},
		{Cause: trace.NewID(5, 4), Incarnation: 5, Process: writer, Kind: trace.Commit, Began: 65 * ms, Note: trace.Note{Text: "1 record"}},
		{ID: trace.NewID(10, 3), Cause: trace.NewID(10, 2), Incarnation: 10, Process: user, Kind: trace.Completion, Began: 67 * ms, Ended: 68 * ms, Sent: 66 * ms, Type: writtenType},
		{ID: trace.NewID(7, 1), Incarnation: 7, Process: trace.Label{Room: "user/", Realm: "b.test", User: "200"}, Began: 64 * ms, Ended: 65 * ms, Type: registerType, Note: trace.Note{Realm: "b.test", User: "200"}},
	} {
		e.Boot = 1
		r.Record(&e)
	}
	return r
}

func TestForms(t *testing.T) {
	events := trace.Story(scenario().Snapshot(trace.Filter{}), trace.Filter{User: "100", Realm: "acme.test"})
	for name, form := range map[string]func(io.Writer, []trace.Event) error{
		"chart.txt": trace.Text, "chart.mmd": trace.Mermaid, "chart.svg": trace.SVG, "trace.json": trace.Perfetto, "shiviz.log": trace.ShiViz, "events.jsonl": trace.WriteLines,
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := form(&got, events); err != nil {
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

// What is written as JSON Lines is read back as it was, in any order of the lines.
func TestLinesAreReadBack(t *testing.T) {
	events := scenario().Snapshot(trace.Filter{})
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
	all := scenario().Snapshot(trace.Filter{})
	count := func(f trace.Filter) int { return len(trace.Story(all, f)) }
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

// Two runs differ in times, ids, the order across processes and how much is committed at once, and that is no difference; a step is.
func TestDiff(t *testing.T) {
	a := trace.Story(scenario().Snapshot(trace.Filter{}), trace.Filter{User: "100"})
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
	if n, err := trace.Diff(&out, a, b); n != 0 || err != nil || out.Len() > 0 {
		t.Errorf("the same scenario: %d, %v, %s", n, err, out.String())
	}
	b[len(b)-1].Text = "refused"
	n, err := trace.Diff(&out, a, b)
	if err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	want := "user/100@acme.test: 5 steps the same\n" +
		"    bridge/registrations -> user/100@acme.test: trace_test.register 100@acme.test\n" +
		"  A registrations/writer -> user/100@acme.test: trace_test.written\n" +
		"  B registrations/writer -> user/100@acme.test: trace_test.written refused\n"
	if !strings.HasSuffix(out.String(), want[strings.Index(want, "    bridge"):]) || !strings.HasPrefix(out.String(), "user/100@acme.test: ") {
		t.Error(cmp.Diff(want, out.String()))
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

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestForms_WriteErrors(t *testing.T) {
	events := scenario().Snapshot(trace.Filter{})
	for name, form := range map[string]func(io.Writer, []trace.Event) error{
		"text": trace.Text, "mermaid": trace.Mermaid, "svg": trace.SVG, "perfetto": trace.Perfetto, "shiviz": trace.ShiViz, "lines": trace.WriteLines,
	} {
		if err := form(broken{}, events); err == nil {
			t.Errorf("%s: an error is lost", name)
		}
	}
}

// A viewer binds an arrow to the slice that it begins in, and drops one that begins in none: what a start causes has to have a slice there, too.
func TestArrowsBeginInSlices(t *testing.T) {
	r := trace.New(4096, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), 0)
	shard, writer := trace.Label{Room: "users/00"}, trace.Label{Room: "registrations/writer"}
	for _, e := range []trace.Entry{
		{ID: trace.NewID(9, 0), Incarnation: 9, Process: shard, Kind: trace.Start, Began: 3 * ms},
		{ID: trace.NewID(5, 1), Cause: trace.NewID(9, 0), Incarnation: 5, Process: writer, Began: 5 * ms, Ended: 6 * ms, Type: reflect.TypeFor[stored]()},
	} {
		e.Boot = 1
		r.Record(&e)
	}
	var out bytes.Buffer
	if err := trace.Perfetto(&out, r.Snapshot(trace.Filter{})); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"name":"start","cat":"start","ph":"X","ts":0,"dur":0.001`, `"name":"causes","cat":"flow","ph":"s","ts":0,"pid":1,"tid":1`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in %s", want, out.String())
		}
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

// A chart of so many processes that nobody could read it is refused with what to do instead; that of a crash never is.
func TestChartsAreAsWideAsCanBeRead(t *testing.T) {
	many := func(n int) (events []trace.Event) {
		for i := range n {
			events = append(events, trace.Event{Process: "user/" + strconv.Itoa(i) + "@acme.test", From: "asker " + strconv.Itoa(i), ID: trace.NewID(uint64(i+1), 1)})
		}
		return events
	}
	for name, form := range map[string]func(io.Writer, []trace.Event) error{"text": trace.Text, "mermaid": trace.Mermaid, "svg": trace.SVG} {
		var out bytes.Buffer
		if err := form(&out, many(61)); err == nil || !strings.Contains(err.Error(), "--user") || out.Len() > 0 {
			t.Errorf("%s: %v, %d bytes", name, err, out.Len())
		}
		if err := form(&out, many(60)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, form := range []func(io.Writer, []trace.Event) error{trace.WriteLines, trace.Perfetto, trace.ShiViz} {
		if err := form(io.Discard, many(61)); err != nil {
			t.Error(err)
		}
	}
	crash := trace.CrashStory{Process: "user/7@acme.test", MessageID: trace.NewID(8, 1)}
	events := many(1000)
	for i := range events[1:] {
		events[i+1].Cause = events[0].ID
	}
	crash.Tell(events)
	if err := crash.Write(io.Discard); err != nil || len(crash.Events) != 60 {
		t.Errorf("%d events, %v", len(crash.Events), err)
	}
}
