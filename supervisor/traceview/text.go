package traceview

import (
	"fmt"
	"io"
	"strings"

	"registrar/actors/trace"
)

// laneWidth is the distance between two lanes, in characters.
const laneWidth = 4

// timeWidth is the width of the time at the start of a line, in characters.
const timeWidth = 13

// Text draws a sequence chart for a terminal. Each column is a process, named in the header;
// time runs downwards. Each line is an event: the time since the first event, an arrow from the
// sender or a mark in the column of the process, and a description.
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

// line draws the columns of one row with its arrow or its mark.
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
	if r.failed {
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
	if r.failed {
		cells[b] = '✖'
	}
	return string(cells)
}

// Line writes one event as one line, with its ID and the ID of its cause if ids is set. A line
// before it reports the events that were lost.
func Line(w io.Writer, e trace.Event, ids bool) error {
	var b strings.Builder
	if e.Lost > 0 {
		fmt.Fprintf(&b, "... %d events lost: the client reads too slowly\n", e.Lost)
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
