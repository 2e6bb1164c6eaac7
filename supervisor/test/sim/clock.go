package sim

import (
	"slices"
	"sync"
	"testing/synctest"
	"time"

	"registrar/actors/otp"
)

// clock is the bubble's, with a wall clock that can be stepped. Its timers fire one after the other, in the order in which they are due and were set: left
// to the runtime, those of one instant would come in any order.
type clock struct {
	origin time.Time
	step   time.Duration

	mu     sync.Mutex
	timers []*timer // sorted by due; those of one instant in the order in which they were set
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

// AfterFunc has f called when the world has let d pass.
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

// Stop has it never fire, and reports whether it would have.
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

// pass lets time pass: whatever is due by then fires.
func (c *clock) pass(d time.Duration) {
	end := c.Mono() + d
	for t := c.due(end); t != nil; t = c.due(end) {
		sleep(t.due - c.Mono())
		t.f()
		synctest.Wait() // whom a fault has held does what it has to, before anybody goes on
	}
	sleep(end - c.Mono())
}

func sleep(d time.Duration) {
	if d > 0 {
		time.Sleep(d) //nolint:forbidigo // simulated: it takes no time
		synctest.Wait()
	}
}
