package delivery_test

import (
	"testing"
	"time"

	"registrar/amqpbridge/delivery"
)

// A burst of 200 rejected messages may be parked, then 50 a second.
func TestRejectLimiterBoundsParking(t *testing.T) {
	l, now := delivery.NewRejectLimiter(), time.Unix(1_000_000, 0)
	parked := func() (n int) {
		for range 1000 {
			if l.AllowPark(now) {
				n++
			}
		}
		return n
	}
	if n := parked(); n != 200 {
		t.Errorf("%d are parked at once", n)
	}
	now = now.Add(time.Second)
	if n := parked(); n != 50 {
		t.Errorf("%d are parked after a second", n)
	}
	now = now.Add(time.Hour)
	if n := parked(); n != 200 {
		t.Errorf("%d are parked after an hour", n)
	}
}

// Each key is logged once a minute, with the number of suppressed messages.
func TestRejectLimiterBoundsLogging(t *testing.T) {
	l, now := delivery.NewRejectLimiter(), time.Unix(1_000_000, 0)
	for _, step := range []struct {
		after      time.Duration
		key        string
		suppressed int
		ok         bool
	}{
		{0, "a", 0, true},
		{0, "a", 0, false},
		{0, "b", 0, true},
		{59 * time.Second, "a", 0, false},
		{time.Second, "a", 2, true},
		{time.Minute, "a", 0, true},
	} {
		now = now.Add(step.after)
		if n, ok := l.AllowLog(now, step.key); n != step.suppressed || ok != step.ok {
			t.Errorf("%s after %v: %d %v, want %d %v", step.key, step.after, n, ok, step.suppressed, step.ok)
		}
	}
}
