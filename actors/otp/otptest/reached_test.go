package otptest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"registrar/actors/otp/otptest"
)

// A condition is asked until it holds, and no longer than it may take.
func TestReached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if !otptest.Reached(func() bool { return time.Since(began) >= time.Second }) {
			t.Error("not reached")
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("reached after %v", took)
		}
		began = time.Now()
		if otptest.Reached(func() bool { return false }) {
			t.Error("reached what never is")
		}
		if took := time.Since(began); took != otptest.Long {
			t.Errorf("given up after %v", took)
		}
	})
}

// A value that comes is taken.
func TestSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := make(chan int)
		time.AfterFunc(otptest.Long-time.Second, func() { from <- 1 })
		if v := otptest.Soon(t, "number", from); v != 1 {
			t.Errorf("got %d", v)
		}
	})
}
