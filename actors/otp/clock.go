package otp

import "time"

// Clock is the only source of time of the engine. Wall and monotonic clock are separate: a test
// can step one without the other.
type Clock interface {
	// Now reads the wall clock.
	Now() time.Time
	// Mono reads the monotonic clock, from an arbitrary origin.
	Mono() time.Duration
	// AfterFunc calls f on its own goroutine after d on the monotonic clock.
	AfterFunc(d time.Duration, f func()) Timer
}

// Timer is a scheduled call.
type Timer interface {
	// Stop prevents the call and reports whether it did.
	Stop() bool
}

// SystemClock returns the real clock. Inside a testing/synctest bubble it follows the bubble.
func SystemClock() Clock { return &systemClock{origin: time.Now()} }

type systemClock struct{ origin time.Time }

func (*systemClock) Now() time.Time        { return time.Now() }
func (c *systemClock) Mono() time.Duration { return time.Since(c.origin) }

func (*systemClock) AfterFunc(d time.Duration, f func()) Timer { return time.AfterFunc(d, f) }
