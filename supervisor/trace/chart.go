package trace

import (
	"fmt"
	"sort"
	"strings"
	"time"
)

// chart is a sequence of events between life lines: what every form of a sequence chart is drawn from.
type chart struct {
	lanes []string
	place map[string]int // of each lane
	rows  []row
}

// lanesMost bounds the life lines: each row is as wide as all of them, and nobody can tell more apart. The story of a crash never has as many.
const lanesMost = 2 * storyMost

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
var marks = map[Kind]string{ //nolint:gochecknoglobals // a constant in all but type.
	Delivery: "◇", Publish: "◆", Commit: "■", Start: "▲", Restart: "↻", Stop: "▼", Crash: "✖", GaveUp: "✖", Abandoned: "✖", DeadLetter: "✉", Fault: "⚡",
	Message: "●", Completion: "●", Timer: "◔",
}

func newChart() *chart { return &chart{place: map[string]int{}} }

func draw(events []Event) (*chart, error) {
	c, x := newChart(), newIndex(events)
	for i, e := range events {
		to := c.lane(e.Process)
		r := row{at: e.Time.Sub(events[0].Time), from: to, to: to, mark: marks[e.Kind], label: label(e), bad: e.Failed || e.Kind == Crash || e.Kind == GaveUp || e.Kind == Abandoned}
		if sender := x.sender(i); sender != "" && e.Kind.Handled() {
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

// sender is who has sent a message, as far as the events tell.
func (x *index) sender(i int) string {
	e := x.events[i]
	if e.From != "" {
		return e.From
	}
	up, ok := x.byID[e.Cause]
	if !ok || e.Kind == Timer {
		return ""
	}
	asker := x.events[up].Process
	if e.Kind != Completion || asker != e.Process {
		return asker
	}
	return x.doer(e)
}

// doer is who did what a completion is the end of: of those that were asked in the same message the one that was at work when it was sent.
func (x *index) doer(e Event) (name string) {
	sent := e.Time.Add(-e.Wait)
	asked := map[string]bool{}
	for _, j := range x.children[e.Cause] {
		if s := x.events[j]; s.Process != e.Process && s.Kind.Handled() && !s.Time.After(sent) {
			asked[s.Process] = true
			name = s.Process
		}
	}
	if len(asked) < 2 {
		return name
	}
	last := -1
	for process := range asked {
		if i := x.atWork(process, sent); i > last {
			last, name = i, process
		}
	}
	return name
}

// atWork returns the message that a process had in hand at a time, -1 for none.
func (x *index) atWork(process string, at time.Time) int {
	if x.handled == nil {
		x.handled = map[string][]int{}
		for i, e := range x.events {
			if e.Kind.Handled() {
				x.handled[e.Process] = append(x.handled[e.Process], i)
			}
		}
	}
	list := x.handled[process]
	n := sort.Search(len(list), func(k int) bool { return x.events[list[k]].Time.After(at) })
	if n == 0 || x.events[list[n-1]].End().Before(at) {
		return -1
	}
	return list[n-1]
}

// label says what happened, to whom, and how long it took.
func label(e Event) string {
	var b strings.Builder
	b.WriteString(e.What())
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

func who(e Event) string {
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
