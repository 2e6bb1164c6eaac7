package otp

import "time"

// Backoff delays restarts, more and more with each one after the other. OTP has none, and neither does a supervisor that declares none:
// what crashes is restarted at once, and gives up soon.
type Backoff struct {
	// First is the delay of the first restart; each further one doubles it, up to Most. A child that has been up for Most begins anew.
	Initial, Max time.Duration
	// Jitter is the share of a delay, from 0 to 1, that is random, so that what crashed together does not come back together.
	Jitter float64
}

// delay returns how long the restart after n others in a row is put off; random is from 0 to 1.
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

// again restarts a child as the strategy says, now or after a while.
func (s *sup) scheduleRestart(c *child) {
	if s.spec.Backoff == nil {
		if len(s.deferred) == 0 {
			s.applyStrategy(c)
			return
		}
		// Who has waited for the plan goes first: a child that fails for ever must not keep an operator waiting for ever.
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
	s.step() // as above
}

// cancelRestart forgets a restart that was put off.
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
