package domain

import "time"

// RunClock is the wall clock as it was at the start of the run, carried on by the monotonic clock. Deadlines are kept on
// it: within a run a step of the wall clock moves none of them, and across runs the wall clock is read again. It is
// immutable and safe for use by many goroutines.
type RunClock struct {
	start time.Time
	mono  func() time.Duration
}

// NewRunClock starts a run at the wall time now. The function mono reads the monotonic clock, from any origin.
func NewRunClock(now time.Time, mono func() time.Duration) *RunClock {
	return &RunClock{start: now.Round(0).Add(-mono()), mono: mono}
}

// Now returns the time of the run, without a monotonic reading, truncated to milliseconds: what is stored is what is compared.
func (c *RunClock) Now() time.Time { return c.start.Add(c.mono()).Truncate(time.Millisecond) }
