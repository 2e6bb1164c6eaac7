package domain

import "time"

// RunClock is the wall clock at the start of the run, advanced by the monotonic clock. Deadlines
// use it: steps of the wall clock during a run do not move them. The next run reads the wall
// clock again. It is immutable and safe for concurrent use.
type RunClock struct {
	start time.Time
	mono  func() time.Duration
}

// NewRunClock starts a run at the wall time now. mono reads the monotonic clock; its origin is
// arbitrary.
func NewRunClock(now time.Time, mono func() time.Duration) *RunClock {
	return &RunClock{start: now.Round(0).Add(-mono()), mono: mono}
}

// Now returns the time of the run, without a monotonic reading. It is truncated to milliseconds,
// the precision on disk.
func (c *RunClock) Now() time.Time { return c.start.Add(c.mono()).Truncate(time.Millisecond) }
