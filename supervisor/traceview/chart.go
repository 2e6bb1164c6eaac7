package traceview

import (
	"fmt"
	"strings"
	"time"

	"registrar/actors/trace"
)

// chart is a sequence of events between life lines: what every form of a sequence chart is drawn from.
type chart struct {
	lanes []string
	place map[string]int // of each lane
	rows  []row
}

// lanesMost bounds the life lines: each row is as wide as all of them, and nobody can tell more apart. The story of a crash never has as many.
const lanesMost = 2 * trace.MaxCrashEvents

// errTooWide says what to do instead.
var errTooWide = fmt.Errorf("more than %d processes are too many for a chart: say which events (--user, --process, --last ...), or take --format perfetto or jsonl", lanesMost)

// row is one event: an arrow between two lanes, or a mark on one.
type row struct {
	at       time.Duration // since the first
	from, to int           // the same for a mark
	mark     string
	label    string
	bad      bool // a crash, or the message that has led to it
}

// marks of events that are no messages.
var marks = map[trace.Kind]string{ //nolint:gochecknoglobals // a constant in all but type.
	trace.Delivery: "◇", trace.Publish: "◆", trace.Commit: "■", trace.Start: "▲", trace.Restart: "↻", trace.Stop: "▼", trace.Crash: "✖", trace.GaveUp: "✖", trace.Abandoned: "✖", trace.DeadLetter: "✉", trace.Fault: "⚡",
	trace.Message: "●", trace.Completion: "●", trace.Timer: "◔",
}

func newChart() *chart { return &chart{place: map[string]int{}} }

func draw(events []trace.Event) (*chart, error) {
	c, x := newChart(), trace.NewIndex(events)
	for i, e := range events {
		to := c.lane(e.Process)
		r := row{at: e.Time.Sub(events[0].Time), from: to, to: to, mark: marks[e.Kind], label: label(e), bad: e.Failed || e.Kind == trace.Crash || e.Kind == trace.GaveUp || e.Kind == trace.Abandoned}
		if sender := x.Sender(i); sender != "" && e.Kind.Handled() {
			r.from = c.lane(sender)
		}
		if len(c.lanes) > lanesMost {
			return nil, errTooWide
		}
		c.rows = append(c.rows, r)
	}
	return c, nil
}

func (c *chart) lane(name string) int {
	if i, ok := c.place[name]; ok {
		return i
	}
	c.place[name] = len(c.lanes)
	c.lanes = append(c.lanes, name)
	return len(c.lanes) - 1
}

// label says what happened, to whom, and how long it took.
func label(e trace.Event) string {
	var b strings.Builder
	b.WriteString(e.Name())
	if !e.Kind.Handled() && e.Type != "" {
		b.WriteString(" " + e.Type)
	}
	for _, text := range []string{who(e), e.MsgID, e.Text} {
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

func who(e trace.Event) string {
	switch {
	case e.User != "" && e.Realm != "":
		return e.User + "@" + e.Realm
	case e.User != "":
		return e.User
	}
	return e.Realm
}

// short rounds a time to three digits.
func short(d time.Duration) time.Duration {
	switch {
	case d > time.Second:
		return d.Round(time.Second / 100)
	case d > time.Millisecond:
		return d.Round(time.Millisecond / 100)
	}
	return d.Round(time.Microsecond / 10)
}
