package sim

import (
	"slices"
	"sync"
	"testing/synctest"
	"time"

	"registrar/actors/otp"
)

// clock is the clock of the synctest bubble, with a wall clock that can be stepped. Its timers
// fire one by one, in the order of due time and creation: the runtime leaves the order of timers
// due at one instant undefined.
type clock struct {
	origin time.Time
	step   time.Duration

	mu     sync.Mutex
	timers []*timer // sorted by due time, then by creation
}

type timer struct {
	clock *clock
	due   time.Duration
	f     func()
}

// Now reads the wall clock.
func (c *clock) Now() time.Time { return time.Now().Add(c.step) }

// Mono reads the monotonic clock.
func (c *clock) Mono() time.Duration { return time.Since(c.origin) + time.Second }

// AfterFunc calls f when d has passed in the world.
func (c *clock) AfterFunc(d time.Duration, f func()) otp.Timer {
	t := &timer{clock: c, due: c.Mono() + max(d, 0), f: f}
	c.mu.Lock()
	defer c.mu.Unlock()
	i, _ := slices.BinarySearchFunc(c.timers, t.due, func(other *timer, due time.Duration) int {
		if other.due <= due {
			return -1
		}
		return 1
	})
	c.timers = slices.Insert(c.timers, i, t)
	return t
}

// Stop prevents the timer from firing and reports whether it did.
func (t *timer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	i := slices.Index(t.clock.timers, t)
	if i >= 0 {
		t.clock.timers = slices.Delete(t.clock.timers, i, i+1)
	}
	return i >= 0
}

// due takes the first timer that is due by then, nil when there is none.
func (c *clock) due(by time.Duration) *timer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.timers) == 0 || c.timers[0].due > by {
		return nil
	}
	t := c.timers[0]
	c.timers = c.timers[1:]
	return t
}

// forget drops all timers: their owner is dead.
func (c *clock) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timers = nil
}

// pass advances the time and fires the timers that become due.
func (c *clock) pass(d time.Duration) {
	end := c.Mono() + d
	for t := c.due(end); t != nil; t = c.due(end) {
		sleep(t.due - c.Mono())
		t.f()
		synctest.Wait() // processes released from a fault finish before the next timer
	}
	sleep(end - c.Mono())
}

func sleep(d time.Duration) {
	if d > 0 {
		time.Sleep(d) //nolint:forbidigo // in a synctest bubble it takes no time
		synctest.Wait()
	}
}
