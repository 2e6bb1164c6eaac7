package chaos

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Report is the result of a run.
type Report struct {
	// Took is how long faults were injected. Heals has a line for each fault.
	Took  time.Duration
	Heals []Heal
	// Starts counts the starts of the process, Audits the comparisons of its file with the
	// acknowledged reports.
	Starts, Audits int
	// Authns and Queries count requests at their sender. Counted has the registrar's own counts,
	// by flow and outcome.
	Authns, Queries Answers
	Counted         map[string]map[string]int
	// Published counts reports. Repeated counts those published again because the broker had not
	// confirmed them; Unconfirmed were never confirmed.
	Published, Repeated, Unconfirmed int
	// Lost are settled registrations that were not found.
	Lost []Loss
	// Wrong has a sentence for each wrong reply. Judged counts all replies.
	Wrong  []string
	Judged int
}

// uncounted bounds the replies between the last reading of the metrics and a kill -9: one
// second's replies on a busy machine.
const uncounted = 150

// Err returns the broken promises, nil for none.
func (r *Report) Err() error {
	var errs []error
	few := func(n int, what string, examples []string) {
		if n > 0 {
			errs = append(errs, errors.New(strings.TrimSpace(fmt.Sprintf("%d %s %s", n, what, strings.Join(examples[:min(len(examples), 5)], "; ")))))
		}
	}
	var lost []string
	for _, l := range r.Lost {
		lost = append(lost, fmt.Sprintf("%s: %v has %q instead of %q", l.By, l.Key, l.Kept, l.Settled))
	}
	slices.Sort(lost)
	few(len(r.Lost), "registrations lost:", lost)
	few(len(r.Wrong), "wrong replies:", r.Wrong)
	few(r.Unconfirmed, "reports never confirmed", nil)
	few(r.Authns.Unexplained, "authns without a reply and without a fault meanwhile", nil)
	answered := r.Counted["authn"]["answered"]
	few(max(0, r.Authns.Answered-answered-r.Starts*uncounted), "authns more were answered than the registrar counted", nil)
	for _, flow := range slices.Sorted(maps.Keys(r.Counted)) {
		for _, outcome := range slices.Sorted(maps.Keys(r.Counted[flow])) {
			if strings.HasPrefix(outcome, "poison") || strings.HasPrefix(outcome, "malformed") {
				few(r.Counted[flow][outcome], "valid messages were parked:", []string{flow + " " + outcome})
			}
		}
	}
	if r.Authns.Answered == 0 {
		errs = append(errs, errors.New("no authn was answered"))
	}
	return errors.Join(errs...)
}

// Print writes the report as tables.
func (r *Report) Print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%-40s %9s %9s %9s %19s %19s\n", "", "", "", "cause", "authn recovered", "reg. recovered")
	fmt.Fprintf(&b, "%-40s %9s %9s %9s %9s %9s %9s %9s\n", "fault", "count", "measured", "lasted", "p50", "p99", "p50", "p99")
	for _, h := range r.Heals {
		fmt.Fprintf(&b, "%-40s %9d %9d %9s %9s %9s %9s %9s\n", h.Fault, h.Happened, h.Measured, brief(h.Lasted),
			brief(h.Authn.P50), brief(h.Authn.P99), brief(h.Registration.P50), brief(h.Registration.P99))
	}
	fmt.Fprintf(&b, "\n%-10s %9s %9s %24s %18s %10s %12s\n", "requests", "sent", "answered", "returned (no queue)", "no broker", "timed out", "unexplained")
	for _, a := range []struct {
		name string
		Answers
	}{{"authn", r.Authns}, {"query", r.Queries}} {
		fmt.Fprintf(&b, "%-10s %9d %9d %24d %18d %10d %12d\n", a.name, a.Asked, a.Answered, a.Nobody, a.Cut, a.GivenUp, a.Unexplained)
	}
	fmt.Fprintf(&b, "\nthe registrar's own counts over %d starts\n", r.Starts)
	for _, flow := range slices.Sorted(maps.Keys(r.Counted)) {
		fmt.Fprintf(&b, "  %-14s %s\n", flow, counts(r.Counted[flow]))
	}
	fmt.Fprintf(&b, "\nreports: %d, repeated %d times, confirmed %d\n", r.Published, r.Repeated, r.Published-r.Unconfirmed)
	fmt.Fprintf(&b, "registrations lost: %d (%d audits)\nwrong replies: %d of %d\nprocess tree: as declared, ready\n", len(r.Lost), r.Audits, len(r.Wrong), r.Judged)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("print the report: %w", err)
	}
	return nil
}

// counts lists outcomes, the most frequent first.
func counts(of map[string]int) string {
	names := slices.SortedFunc(maps.Keys(of), func(a, b string) int { return cmp.Or(cmp.Compare(of[b], of[a]), cmp.Compare(a, b)) })
	all := make([]string, 0, len(names))
	for _, name := range names {
		all = append(all, fmt.Sprintf("%s %d", name, of[name]))
	}
	return strings.Join(all, ", ")
}

// brief shows a duration in at most seven characters, zero as a dash.
func brief(d time.Duration) string {
	switch {
	case d == 0:
		return "-"
	case d < time.Second:
		return fmt.Sprintf("%.1fms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.2fs", d.Seconds())
}
