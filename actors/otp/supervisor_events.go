package otp

import (
	"fmt"
	"slices"
)

// handleEvent handles one event of one child.
func (s *sup) handleEvent(e childEvent) {
	i := slices.IndexFunc(s.children, func(c *child) bool { return c.p == e.p })
	if i < 0 {
		return // an abandoned child
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
		return // being stopped
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

// onFailed handles a failed Init. A failure during the supervisor's own start rolls back the
// start; a later one counts as a restart and is tried again through the queue.
func (s *sup) onFailed(c *child, epoch Epoch, r Reason) {
	s.p.sys.report(Report{Kind: ChildCrashed, Process: c.p.name(), Epoch: epoch, Reason: r})
	if c.state == childStopping {
		return // its stop is pending
	}
	s.setState(c, c.p, childCrashed)
	if s.starting {
		s.failed = true
		s.p.stop(ShutdownWith(fmt.Sprintf("start of %s failed: %v", c.p.name(), r.Term)))
		return
	}
	if c.started != nil { // an operator's request
		c.startErr = fmt.Errorf("start of %s failed: %v", c.p.name(), r.Term)
		s.stopChild(c)
		return
	}
	s.retry(c, r)
}

// retry restarts a child after a failed Init.
func (s *sup) retry(c *child, r Reason) {
	if s.ending != nil {
		return // the supervisor stops
	}
	if s.window.add(s.p.sys.clock.Mono(), s.spec.period(), s.spec.Intensity) {
		s.giveUp(c, r)
		return
	}
	s.plan = nil // the new restart covers the rest of the plan
	s.scheduleRestart(c)
}

// onIgnored continues without a child that returned Ignore.
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

// answer sends the result of an operator's request, once.
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

// exitedInInit handles the end of a child during Init like a failed Init.
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

// settleStopped answers the operators' requests about a child that has stopped.
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
