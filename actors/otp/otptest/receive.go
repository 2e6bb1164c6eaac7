package otptest

import (
	"testing"
	"time"
)

// Receive returns a value from a channel. If none arrives within [Timeout], it ends the test with
// an error that names the value. It is for the goroutine of the test.
func Receive[T any](tb testing.TB, what string, from <-chan T) (v T) {
	tb.Helper()
	select {
	case v = <-from:
	case <-time.After(Timeout):
		tb.Fatalf("no %s in time", what)
	}
	return v
}
