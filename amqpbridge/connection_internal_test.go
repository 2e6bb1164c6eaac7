package amqpbridge

import "testing"

// The delay stays between half of the first and the whole of the last one, with jitter.
func TestBackoffIsBounded(t *testing.T) {
	for failures := 1; failures < 100; failures++ {
		if low, high := backoff(failures, 0), backoff(failures, 1); low < firstBackoff/2 || high > lastBackoff || low == high {
			t.Errorf("after %d failures: %v to %v", failures, low, high)
		}
	}
}
