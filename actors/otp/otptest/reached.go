package otptest

import "time"

// Long is how long [Reached] waits: far longer than anything takes on a machine that is busy with other tests.
const Long = 30 * time.Second

// Reached polls a condition that other goroutines bring about, every millisecond, and reports whether it came to hold within [Long]. What is to be said
// if it did not is the caller's.
func Reached(ok func() bool) bool {
	deadline := time.NewTimer(Long)
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
