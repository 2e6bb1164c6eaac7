package otptest

import "time"

// Timeout is the limit of [Eventually] and [Receive]. It is far longer than needed, because tests
// share the machine.
const Timeout = 30 * time.Second

// Eventually polls ok every millisecond until it is true, and reports whether that was within
// [Timeout].
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
