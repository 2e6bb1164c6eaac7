package otptest

import "time"

// Timeout is how long [Eventually] waits: far longer than anything takes on a machine that is busy with other tests.
const Timeout = 30 * time.Second

// Eventually polls a condition that other goroutines bring about, every millisecond, and reports whether it came to hold within [Timeout]. What is to be said
// if it did not is the caller's.
func Eventually(ok func() bool) bool {
	deadline := time.NewTimer(Timeout)
	defer deadline.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			return false
		}
	}
	return true
}
