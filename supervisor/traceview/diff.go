package traceview

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"registrar/actors/trace"
)

// stepOf is an event without what differs in each run: times, ids, epochs.
func stepOf(x *trace.Index, i int) string {
	e := x.Event(i)
	parts := []string{e.Kind.String() + " " + e.Process}
	if e.Kind.Handled() {
		parts[0] = fmt.Sprintf("%s -> %s: %s", x.Sender(i), e.Process, e.Type)
	}
	parts = append(parts, who(e), sizes.ReplaceAllString(e.Text, "N$1"))
	if e.Failed {
		parts = append(parts, "CRASHED")
	}
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}

// sizes are left out of the comparison of texts: numbers, and that there are several of something.
var sizes = regexp.MustCompile(`\d+( record)s?\b|\d+`)

// Diff compares two runs of the same scenario, process by process, because only the order within a process is the same in each run. It writes for
// each process where the runs part: the last step that they have in common and the next of each. It returns in how many processes they do.
func Diff(w io.Writer, a, b []trace.Event) (parted int, err error) {
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
		parted++
		text := fmt.Sprintf("%s: %d steps the same\n", p, n)
		if n > 0 {
			text += "    " + left[p][n-1] + "\n"
		}
		text += "  A " + at(left[p], n) + "\n  B " + at(right[p], n) + "\n"
		if err := write(w, text); err != nil {
			return parted, err
		}
	}
	return parted, nil
}

// steps lists the steps of each process, and the processes in the order of their first.
func steps(events []trace.Event) (byProcess map[string][]string, order []string) {
	byProcess = map[string][]string{}
	x := trace.NewIndex(events)
	for i, e := range events {
		if _, ok := byProcess[e.Process]; !ok {
			order = append(order, e.Process)
		}
		byProcess[e.Process] = append(byProcess[e.Process], stepOf(x, i))
	}
	return byProcess, order
}

func common(a, b []string) (n int) {
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func at(steps []string, n int) string {
	if n < len(steps) {
		return steps[n]
	}
	return "(ends)"
}
