package traceview

import (
	"fmt"
	"io"
	"strings"

	"registrar/actors/trace"
)

// laneWidth is the distance of two life lines, in characters.
const laneWidth = 4

// timeWidth is what the time in front of a line takes.
const timeWidth = 13

// Text draws a sequence chart for a terminal: a stair of names, each above its life line, then a line for each event: how long after the first it was,
// an arrow from its sender or a mark on its own life line, and what it was.
func Text(w io.Writer, events []trace.Event) error {
	if len(events) == 0 {
		return write(w, "no events\n")
	}
	c, err := draw(events)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d events\n", events[0].Time.UTC().Format("2006-01-02 15:04:05.000000 MST"), len(events))
	for i, name := range c.lanes {
		b.WriteString(strings.Repeat(" ", timeWidth))
		b.WriteString(strings.Repeat("│"+strings.Repeat(" ", laneWidth-1), i))
		b.WriteString(name + "\n")
	}
	for _, r := range c.rows {
		fmt.Fprintf(&b, "%11.3fms", float64(r.at.Nanoseconds())/1e6)
		line := c.line(r)
		b.WriteString(strings.TrimRight(line, " ") + "  " + r.label + "\n")
	}
	return write(w, b.String())
}

// line draws the life lines of one row with its arrow or its mark.
func (c *chart) line(r row) string {
	cells := make([]rune, len(c.lanes)*laneWidth)
	for i := range cells {
		cells[i] = ' '
		if i%laneWidth == 0 {
			cells[i] = '│'
		}
	}
	a, b := r.from*laneWidth, r.to*laneWidth
	shaft, cross := '─', '┼'
	if r.bad {
		shaft, cross = '╌', '┼'
	}
	for i := min(a, b) + 1; i < max(a, b); i++ {
		if cells[i] = shaft; i%laneWidth == 0 {
			cells[i] = cross
		}
	}
	switch {
	case a < b:
		cells[a], cells[b-1], cells[b] = '├', '▶', '│'
	case a > b:
		cells[a], cells[b+1], cells[b] = '┤', '◀', '│'
	default:
		cells[b] = []rune(r.mark)[0]
	}
	if r.bad {
		cells[b] = '✖'
	}
	return string(cells)
}

// Line writes one event in one line, for following; with ids with the id of its message and of its cause.
func Line(w io.Writer, e trace.Event, ids bool) error {
	var b strings.Builder
	if e.Lost > 0 {
		fmt.Fprintf(&b, "... %d events lost: too many at once\n", e.Lost)
	}
	fmt.Fprintf(&b, "%s  %-28s %s %s", e.Time.UTC().Format("15:04:05.000000"), e.Process, marks[e.Kind], label(e))
	if ids {
		fmt.Fprintf(&b, "  %v ← %v", e.ID, e.Cause)
	}
	return write(w, b.String()+"\n")
}

func write(w io.Writer, text string) error {
	_, err := io.WriteString(w, text)
	if err != nil {
		return fmt.Errorf("write the chart: %w", err)
	}
	return nil
}
