package otptest

import (
	"testing"
	"time"
)

// Receive takes a value that others send within [Timeout]; else the test ends, and says what it has missed. It is for the test's own goroutine.
func Receive[T any](tb testing.TB, what string, from <-chan T) (v T) {
	tb.Helper()
	select {
	case v = <-from:
	case <-time.After(Timeout):
		tb.Fatalf("no %s in time", what)
	}
	return v
}
