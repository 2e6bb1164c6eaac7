package fault

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// Rule is one fault.
type Rule struct {
	// ID is set by [Set.Arm].
	ID    uint64 `json:"id"`
	Point Point  `json:"point"`
	Kind  Kind   `json:"kind"`
	// Process is the name of a process or a pattern as in path.Match. Message is the type of the
	// message that is being handled, with or without its package. Empty matches everything.
	Process string `json:"process,omitempty"`
	Message string `json:"message,omitempty"`
	// Skip is the number of matches before the first hit. Times is the number of hits; zero means
	// one.
	Skip  int `json:"skip,omitempty"`
	Times int `json:"times,omitempty"`
	// For is the length of a delay; zero means 100 ms. A hang ends when its rule is disarmed.
	For time.Duration `json:"for,omitempty"`
	// Hits counts the hits so far.
	Hits int `json:"hits"`

	end   chan struct{}                      // closed by Disarm
	after func(time.Duration, func()) func() // Set.AfterFunc
}

// Check returns an error if the rule is invalid.
func (r *Rule) Check() error {
	if !slices.Contains(Points(), r.Point) {
		return fmt.Errorf("unknown fault point %q; the points are %v", r.Point, Points())
	}
	if kinds := Kinds(r.Point); !slices.Contains(kinds, r.Kind) {
		return fmt.Errorf("fault %q is not possible at %s; possible are %v", r.Kind, r.Point, kinds)
	}
	if r.Skip < 0 || r.Times < 0 || r.For < 0 {
		return fmt.Errorf("skip %d, times %d, for %v: must not be negative", r.Skip, r.Times, r.For)
	}
	if _, err := path.Match(r.Process, ""); err != nil {
		return fmt.Errorf("pattern of the process name %q: %w", r.Process, err)
	}
	return nil
}

func (r *Rule) matches(at Point, process, message string) bool {
	if r.Point != at || r.Message != "" && r.Message != message && !strings.HasSuffix(message, "."+r.Message) {
		return false
	}
	ok, _ := path.Match(r.Process, process) // see Check
	return ok || r.Process == "" || r.Process == process
}

// Duration returns the length of a delay.
func (r *Rule) Duration() time.Duration {
	if r.For == 0 {
		return 100 * time.Millisecond
	}
	return r.For
}
