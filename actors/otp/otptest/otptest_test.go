package otptest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"registrar/actors/otp/otptest"
)

// Eventually returns as soon as the condition holds, and gives up after Timeout.
func TestEventually(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if !otptest.Eventually(func() bool { return time.Since(began) >= time.Second }) {
			t.Error("not reached")
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("reached after %v", took)
		}
		began = time.Now()
		if otptest.Eventually(func() bool { return false }) {
			t.Error("reached what never is")
		}
		if took := time.Since(began); took != otptest.Timeout {
			t.Errorf("given up after %v", took)
		}
	})
}

// Receive returns a value that arrives within Timeout.
func TestReceive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := make(chan int)
		time.AfterFunc(otptest.Timeout-time.Second, func() { from <- 1 })
		if v := otptest.Receive(t, "number", from); v != 1 {
			t.Errorf("got %d", v)
		}
	})
}
