package otp

import "time"

// Clock is the engine's only source of time. The wall and the monotonic clock are apart, so that a test can step the one
// and not the other.
type Clock interface {
	// Now reads the wall clock.
	Now() time.Time
	// Mono reads the monotonic clock, from an arbitrary origin.
	Mono() time.Duration
	// AfterFunc calls f in a goroutine of its own once d has passed on the monotonic clock.
	AfterFunc(d time.Duration, f func()) Timer
}

// Timer is a call that is due.
type Timer interface {
	// Stop prevents the call and reports whether it did.
	Stop() bool
}

// SystemClock returns the real clock. Inside a testing/synctest bubble it follows the bubble's time.
func SystemClock() Clock { return &systemClock{origin: time.Now()} }

type systemClock struct{ origin time.Time }

func (*systemClock) Now() time.Time        { return time.Now() }
func (c *systemClock) Mono() time.Duration { return time.Since(c.origin) }

func (*systemClock) AfterFunc(d time.Duration, f func()) Timer { return time.AfterFunc(d, f) }
