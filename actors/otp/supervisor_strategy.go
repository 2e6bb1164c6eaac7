package otp

import (
	"slices"
)

// decide applies restart type, intensity and strategy after a crash or an exit.
func (s *sup) decide(c *child, e childEvent) {
	if s.ending != nil {
		return // the supervisor stops
	}
	if s.coveredByPlan(c, e) {
		return
	}
	if c.spec.Restart == Temporary || c.spec.Restart == Transient && !e.reason.IsAbnormal() {
		if c.p != nil {
			s.stopChild(c)
		} else if c.spec.Restart == Temporary {
			s.drop(c)
		}
		s.autoShutdown(c)
		return
	}
	if s.window.add(s.p.sys.clock.Mono(), s.spec.period(), s.spec.Intensity) {
		s.giveUp(c, e.reason)
		return
	}
	s.scheduleRestart(c)
}

// autoShutdown shuts the supervisor down if its spec says so for this child.
func (s *sup) autoShutdown(c *child) {
	if !c.spec.Significant || s.spec.AutoShutdown == NeverShutdown {
		return
	}
	if s.spec.AutoShutdown == AllSignificant && slices.ContainsFunc(s.children, func(x *child) bool {
		return x != c && x.spec.Significant && x.state != childDown
	}) {
		return
	}
	s.p.stop(Shutdown)
}

// applyStrategy restarts the child and, by the strategy, others.
func (s *sup) applyStrategy(c *child) {
	i := slices.Index(s.children, c)
	switch s.spec.Strategy {
	case OneForOne:
		s.startChild(c)
	case OneForAll:
		s.restartGroup(s.children, c)
	case RestForOne:
		s.restartGroup(s.children[i:], c)
	}
}

// coveredByPlan reports whether the current plan restarts the child, or defers the decision until
// after the plan.
func (s *sup) coveredByPlan(c *child, e childEvent) bool {
	switch {
	case s.plan == nil:
		return false
	case !slices.Contains(s.plan.stop, c) && !slices.Contains(s.plan.start, c):
		s.deferred = append(s.deferred, func() {
			if c.state == childCrashed || c.state == childDown {
				s.decide(c, e)
			}
		})
		return true
	}
	return len(s.plan.stop) > 0 || s.plan.start[0] != c // the plan starts it later
}

// restartGroup stops the group except the crashed child in reverse order, then starts the group in
// order.
func (s *sup) restartGroup(group []*child, crashed *child) {
	start := slices.Clone(group)
	stop := slices.Clone(group)
	slices.Reverse(stop)
	stop = slices.DeleteFunc(stop, func(c *child) bool { return c == crashed })
	start = slices.DeleteFunc(start, func(c *child) bool { return c.spec.Restart == Temporary })
	s.runPlan(&plan{stop: stop, start: start, done: func() {}})
}
