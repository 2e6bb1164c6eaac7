package traceview

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"registrar/actors/trace"
)

// step describes an event without the values that differ between runs: times, IDs, epochs,
// numbers.
func step(x *trace.Index, i int) string {
	e := x.Event(i)
	parts := []string{e.Kind.String() + " " + e.Process}
	if e.Kind.Handled() {
		parts[0] = fmt.Sprintf("%s -> %s: %s", x.Sender(i), e.Process, e.Type)
	}
	parts = append(parts, aor(e), numbers.ReplaceAllString(e.Text, "N$1"))
	if e.Failed {
		parts = append(parts, "CRASHED")
	}
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}

// numbers are replaced in texts before a comparison, with the plural of record.
var numbers = regexp.MustCompile(`\d+( record)s?\b|\d+`)

// Diff compares two runs of one scenario process by process, because only the order within a
// process is the same in every run. For each process that differs it writes the last common step
// and the next step of each run. It returns the number of processes that differ.
func Diff(w io.Writer, a, b []trace.Event) (differing int, err error) {
	left, order := steps(a)
	right, more := steps(b)
	for _, p := range more {
		if _, ok := left[p]; !ok {
			order = append(order, p)
		}
	}
	for _, p := range order {
		n := common(left[p], right[p])
		if n == len(left[p]) && n == len(right[p]) {
			continue
		}
		differing++
		text := fmt.Sprintf("%s: %d common steps\n", p, n)
		if n > 0 {
			text += "    " + left[p][n-1] + "\n"
		}
		text += "  A " + at(left[p], n) + "\n  B " + at(right[p], n) + "\n"
		if err := write(w, text); err != nil {
			return differing, err
		}
	}
	return differing, nil
}

// steps returns the steps of each process, and the processes in the order of their first event.
func steps(events []trace.Event) (byProcess map[string][]string, order []string) {
	byProcess = map[string][]string{}
	x := trace.NewIndex(events)
	for i, e := range events {
		if _, ok := byProcess[e.Process]; !ok {
			order = append(order, e.Process)
		}
		byProcess[e.Process] = append(byProcess[e.Process], step(x, i))
	}
	return byProcess, order
}

// common returns the length of the common prefix.
func common(a, b []string) (n int) {
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// at returns step n, or a mark if the run has fewer steps.
func at(steps []string, n int) string {
	if n < len(steps) {
		return steps[n]
	}
	return "(ends)"
}
