package otp

import "time"

// Backoff delays restarts exponentially. OTP has no back-off; without one, a crashed child is
// restarted at once and the supervisor gives up sooner.
type Backoff struct {
	// Initial is the delay of the first restart. Each further one doubles it, up to Max. A child
	// that has been up for Max starts again with Initial.
	Initial, Max time.Duration
	// Jitter is the random share of a delay, from 0 to 1. It spreads restarts after a common
	// crash.
	Jitter float64
}

// delay returns the delay after n consecutive restarts; random is in [0, 1).
func (b *Backoff) delay(n int, random float64) time.Duration {
	d := b.Initial
	for range min(n, 62) {
		if d >= b.Max/2 {
			d = b.Max
			break
		}
		d *= 2
	}
	d = min(d, b.Max)
	return d - time.Duration(b.Jitter*random*float64(d))
}

// scheduleRestart restarts a child by the supervisor's strategy, now or after the back-off.
func (s *sup) scheduleRestart(c *child) {
	if s.spec.Backoff == nil {
		if len(s.deferred) == 0 {
			s.applyStrategy(c)
			return
		}
		// Deferred decisions run first: a child that fails for ever must not block an operator.
		s.setState(c, c.p, childRestarting)
		s.deferred = append(s.deferred, func() {
			if c.state == childRestarting {
				s.applyStrategy(c)
			}
		})
		s.step()
		return
	}
	now := s.p.sys.clock.Mono()
	if now-c.upSince >= s.spec.Backoff.Max {
		c.consecutive = 0
	}
	d := s.spec.Backoff.delay(c.consecutive, s.p.sys.random())
	c.consecutive++
	c.upSince = now + d
	s.setState(c, c.p, childRestarting)
	var t Timer
	t = s.p.sys.clock.AfterFunc(d, func() {
		s.p.post(func() {
			if c.timer == t && s.ending == nil {
				c.timer = nil
				s.afterPlan(func() {
					if c.state == childRestarting {
						s.applyStrategy(c)
					}
				})
			}
		})
	})
	c.timer = t
	s.step() // the child may be the next step of a plan
}

// cancelRestart cancels a delayed restart.
func (s *sup) cancelRestart(c *child) {
	if c.state != childRestarting {
		return
	}
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	if c.p == nil {
		s.setState(c, nil, childDown)
	}
}
