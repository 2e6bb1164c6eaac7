package traceview

import (
	"fmt"
	"strings"
	"time"

	"registrar/actors/trace"
)

// chart is a sequence chart: the common input of Text, Mermaid and SVG.
type chart struct {
	lanes []string       // names of processes
	index map[string]int // of each lane
	rows  []row
}

// maxLanes bounds the lanes of a chart, because each row is as wide as all lanes. A crash
// report, in which an event adds at most two lanes, always fits.
const maxLanes = 2 * trace.MaxCrashEvents

// errTooWide is the error of a chart with more than maxLanes processes.
var errTooWide = fmt.Errorf("a chart has at most %d processes; select fewer events (--user, --process, --last ...) or use --format perfetto or jsonl", maxLanes)

// row is one event: an arrow between two lanes, or a mark on one lane.
type row struct {
	at       time.Duration // since the first event
	from, to int           // equal for a mark
	mark     string
	label    string
	failed   bool // a crash, or a message whose handling crashed
}

// marks are the symbols of events without an arrow.
var marks = map[trace.Kind]string{ //nolint:gochecknoglobals // a constant in all but type.
	trace.Message: "●", trace.Completion: "●", trace.Timer: "◔",
	trace.Delivery: "◇", trace.Publish: "◆", trace.Commit: "■",
	trace.Start: "▲", trace.Restart: "↻", trace.Stop: "▼",
	trace.Crash: "✖", trace.GaveUp: "✖", trace.Abandoned: "✖", trace.DeadLetter: "✉", trace.Fault: "⚡",
}

func newChart() *chart { return &chart{index: map[string]int{}} }

func draw(events []trace.Event) (*chart, error) {
	c, x := newChart(), trace.NewIndex(events)
	for i, e := range events {
		to := c.lane(e.Process)
		r := row{at: e.Time.Sub(events[0].Time), from: to, to: to, mark: marks[e.Kind], label: label(e), failed: failed(e)}
		if sender := x.Sender(i); sender != "" && e.Kind.Handled() {
			r.from = c.lane(sender)
		}
		if len(c.lanes) > maxLanes {
			return nil, errTooWide
		}
		c.rows = append(c.rows, r)
	}
	return c, nil
}

func failed(e trace.Event) bool {
	return e.Failed || e.Kind == trace.Crash || e.Kind == trace.GaveUp || e.Kind == trace.Abandoned
}

// lane returns the index of the lane of a process and adds it if necessary.
func (c *chart) lane(name string) int {
	if i, ok := c.index[name]; ok {
		return i
	}
	c.index[name] = len(c.lanes)
	c.lanes = append(c.lanes, name)
	return len(c.lanes) - 1
}

// label describes an event: its name, the AOR, the Msg-ID, the text, and how long it waited and
// took.
func label(e trace.Event) string {
	var b strings.Builder
	b.WriteString(e.Name())
	if !e.Kind.Handled() && e.Type != "" {
		b.WriteString(" " + e.Type)
	}
	for _, text := range []string{aor(e), e.MsgID, e.Text} {
		if text != "" {
			b.WriteString(" " + text)
		}
	}
	if e.Kind.Handled() {
		fmt.Fprintf(&b, "  (waited %v, took %v)", short(e.Wait), short(e.Took))
	}
	if e.Failed {
		b.WriteString("  CRASHED")
	}
	return b.String()
}

// aor returns user@realm, or the part of it that the event has.
func aor(e trace.Event) string {
	switch {
	case e.User != "" && e.Realm != "":
		return e.User + "@" + e.Realm
	case e.User != "":
		return e.User
	}
	return e.Realm
}

// short rounds a duration to about three digits.
func short(d time.Duration) time.Duration {
	switch {
	case d > time.Second:
		return d.Round(time.Second / 100)
	case d > time.Millisecond:
		return d.Round(time.Millisecond / 100)
	}
	return d.Round(time.Microsecond / 10)
}
