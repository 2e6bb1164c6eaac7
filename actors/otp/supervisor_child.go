package otp

import (
	"slices"
	"time"
)

type child struct {
	spec  ChildSpec
	p     *proc // nil if it is not running
	state childState
	timer Timer // of a pending stop or restart
	// started and stopped receive the result of an operator's request. Provisional means that the
	// child is removed if its first Init fails.
	started, stopped func(error)
	provisional      bool
	startErr         error       // the failed Init of an operator's request
	predecessor      predecessor // set if the last process exited by itself or was abandoned
	// For the back-off: the number of consecutive restarts, and the time of the last one.
	consecutive int
	upSince     time.Duration
}

type childState uint8

const (
	childDown childState = iota
	childStarting
	childUp
	childCrashed
	childRestarting // waits for its restart
	childStopping
)

func (s childState) String() string {
	return [...]string{"down", "starting", "up", "crashed", "restarting", "stopping"}[s]
}

// childView is a copy of the fields of a child for other goroutines.
type childView struct {
	spec  ChildSpec
	p     *proc
	state childState
}

func (s *sup) snapshot() []childView {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]childView, 0, len(s.children))
	for _, c := range s.children {
		out = append(out, childView{c.spec, c.p, c.state})
	}
	return out
}

func (s *sup) setState(c *child, p *proc, state childState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.p, c.state = p, state
}

// startChild starts a child, in place if its process has crashed.
func (s *sup) startChild(c *child) {
	switch c.state {
	case childCrashed, childRestarting:
		if c.p == nil { // it exited by itself
			s.spawn(c)
			return
		}
		s.setState(c, c.p, childStarting)
		c.p.restart()
	case childDown:
		s.spawn(c)
	case childStarting, childUp, childStopping:
	}
}

func (s *sup) spawn(c *child) {
	name := c.spec.Start.name(s.name, c.spec.ID)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.abandoned {
		return // nothing would ever stop the child
	}
	c.p, c.state = s.p.sys.spawn(name, c.spec.Start.body(name, s), c.predecessor), childStarting
}

// stopChild stops a child and abandons it after its shutdown time.
func (s *sup) stopChild(c *child) {
	if c.state == childStopping {
		return
	}
	s.cancelRestart(c)
	p, limit := c.p, c.spec.shutdown()
	s.setState(c, p, childStopping)
	if limit == BrutalKill {
		s.abandonChild(c)
		return
	}
	if limit != Infinity {
		c.timer = s.p.sys.clock.AfterFunc(limit, func() {
			s.p.post(func() {
				if c.p == p && c.state == childStopping {
					s.abandonChild(c)
				}
			})
		})
	}
	p.stopSoon(Shutdown)
}

// abandonChild abandons a child and handles its end.
func (s *sup) abandonChild(c *child) {
	p := c.p
	p.abandon(Killed)
	s.handleEvent(childEvent{p: p, kind: evExited, reason: Killed})
}

func (s *sup) child(id string) *child {
	if i := slices.IndexFunc(s.children, func(c *child) bool { return c.spec.ID == id }); i >= 0 {
		return s.children[i]
	}
	return nil
}

// drop removes the declaration of a child.
func (s *sup) drop(c *child) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.children = slices.DeleteFunc(slices.Clone(s.children), func(x *child) bool { return x == c })
}
