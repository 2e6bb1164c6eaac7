package otp

import (
	"fmt"
	"slices"
)

// on decides about one event of one child.
func (s *sup) handleEvent(e childEvent) {
	i := slices.IndexFunc(s.children, func(c *child) bool { return c.p == e.p })
	if i < 0 {
		return // abandoned before
	}
	c := s.children[i]
	switch e.kind {
	case evStarted:
		s.onStarted(c, e.epoch)
	case evFailed:
		s.onFailed(c, e.epoch, e.reason)
	case evCrashed:
		s.p.sys.report(Report{Kind: ChildCrashed, Process: e.p.name(), Epoch: e.epoch, Reason: e.reason})
		if c.state != childStopping {
			s.setState(c, c.p, childCrashed)
			s.decide(c, e)
		}
	case evExited:
		s.onExited(c, e)
	case evIgnored:
		s.onIgnored(c)
	}
}

func (s *sup) onStarted(c *child, epoch Epoch) {
	if c.state != childStarting {
		return // told to stop meanwhile
	}
	s.setState(c, c.p, childUp)
	c.upSince, c.provisional = s.p.sys.clock.Mono(), false
	c.answer(&c.started, nil)
	kind := ChildStarted
	if c.p.restarted() {
		kind = ChildRestarted
	}
	s.p.sys.report(Report{Kind: kind, Process: c.p.name(), Epoch: epoch})
	s.step()
}

// onFailed handles a failed Init. During the supervisor's own start everything is rolled back; later it is one more
// restart, tried again through the queue.
func (s *sup) onFailed(c *child, epoch Epoch, r Reason) {
	s.p.sys.report(Report{Kind: ChildCrashed, Process: c.p.name(), Epoch: epoch, Reason: r})
	if c.state == childStopping {
		return // its stop is on its way
	}
	s.setState(c, c.p, childCrashed)
	if s.starting {
		s.failed = true
		s.p.stop(ShutdownWith(fmt.Sprintf("start of %s failed: %v", c.p.name(), r.Term)))
		return
	}
	if c.started != nil { // an operator's, who is told
		c.startErr = fmt.Errorf("start of %s failed: %v", c.p.name(), r.Term)
		s.stopChild(c)
		return
	}
	s.retry(c, r)
}

// retry starts a child again that has not come up.
func (s *sup) retry(c *child, r Reason) {
	if s.ending != nil {
		return // everything stops anyway
	}
	if s.window.add(s.p.sys.clock.Mono(), s.spec.period(), s.spec.Intensity) {
		s.giveUp(c, r)
		return
	}
	s.plan = nil // what it left undone is done with this restart, as the strategy says
	s.scheduleRestart(c)
}

// onIgnored goes on without a child that has nothing to do.
func (s *sup) onIgnored(c *child) {
	s.setState(c, nil, childDown)
	c.provisional = false
	if c.spec.Restart == Temporary {
		s.drop(c)
	}
	if s.plan != nil {
		s.plan.start = slices.DeleteFunc(s.plan.start, func(x *child) bool { return x == c })
	}
	c.answer(&c.started, nil)
	c.answer(&c.stopped, nil)
	s.step()
}

// answer tells an operator the end of a request, once.
func (c *child) answer(to *func(error), err error) {
	if tell := *to; tell != nil {
		*to = nil
		tell(err)
	}
}

func (s *sup) onExited(c *child, e childEvent) {
	expected, unborn := c.state == childStopping, c.state == childStarting
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	if c.predecessor = (predecessor{}); !expected {
		c.predecessor = e.p.asPredecessor(e.reason)
	}
	s.setState(c, nil, childDown)
	s.p.sys.report(Report{Kind: ChildTerminated, Process: e.p.name(), Epoch: e.epoch, Reason: e.reason})
	if expected {
		s.settleStopped(c)
		s.step()
		return
	}
	if unborn {
		s.exitedInInit(c, e.reason)
		return
	}
	s.decide(c, e)
}

// unborn handles the end of a child in the middle of its Init as if that had failed.
func (s *sup) exitedInInit(c *child, r Reason) {
	name := c.spec.Start.name(s.name, c.spec.ID)
	switch {
	case s.starting:
		s.failed = true
		s.p.stop(ShutdownWith(fmt.Sprintf("start of %s failed: %v", name, r)))
	case c.started != nil:
		c.startErr = fmt.Errorf("start of %s failed: %v", name, r)
		s.settleStopped(c)
		s.step()
	default:
		s.retry(c, r)
	}
}

// gone settles what was asked about a child that has been stopped.
func (s *sup) settleStopped(c *child) {
	if c.provisional || c.spec.Restart == Temporary {
		s.drop(c)
	}
	if c.startErr != nil && s.plan != nil {
		s.plan.start = slices.DeleteFunc(s.plan.start, func(x *child) bool { return x == c })
	}
	err := c.startErr
	c.startErr = nil
	c.answer(&c.started, err)
	c.answer(&c.stopped, nil)
}

// decide applies restart type, intensity and strategy to a child that has crashed or ended by itself.
func (s *sup) decide(c *child, e childEvent) {
	if s.ending != nil {
		return // everything stops anyway
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

// autoShutdown shuts the supervisor down if the end of this child says so.
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

// restartBy restarts a child and, as the strategy says, others.
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

// planned reports whether the plan in hand takes care of the child, or has the decision put off until it is carried out.
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
	return len(s.plan.stop) > 0 || s.plan.start[0] != c // its turn comes
}

// restartGroup stops every child of the group but the crashed one in reverse order, then starts the group in order.
func (s *sup) restartGroup(group []*child, crashed *child) {
	start := slices.Clone(group)
	stop := slices.Clone(group)
	slices.Reverse(stop)
	stop = slices.DeleteFunc(stop, func(c *child) bool { return c == crashed })
	start = slices.DeleteFunc(start, func(c *child) bool { return c.spec.Restart == Temporary })
	s.runPlan(&plan{stop: stop, start: start, done: func() {}})
}
