package otp

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// sup is the body of a supervisor. All its work is on the control queue. Starting and stopping a
// child ends with an event, so a supervisor never waits: it answers while a child hangs in Init or
// Terminate.
type sup struct {
	name   string
	spec   SupSpec
	p      *proc
	parent parent

	mu        sync.Mutex // guards children, their fields and abandoned for snapshots and an abandonment
	children  []*child
	abandoned bool // no child may be started

	starting bool
	ending   *Reason // set when it stops or has given up
	window   window
	plan     *plan
	failed   bool         // the ordered start has failed
	deferred []func()     // decisions after the current plan
	events   []childEvent // not handled yet
}

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

// plan is a sequence of steps: stop children in this order, then start children in that order, one
// after the other.
type plan struct {
	stop, start []*child
	done        func()
}

func (s *sup) incarnate(p *proc, _ Epoch) {
	if s.p == nil { // equal in all incarnations; an abandoned child of the last one may be reading it
		s.p = p
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.children = nil
	for _, spec := range s.spec.Children {
		s.children = append(s.children, &child{spec: spec})
	}
	s.starting, s.failed, s.ending, s.plan, s.deferred, s.window = true, false, nil, nil, nil, window{}
}

// init begins the ordered start. The supervisor is ready when all children are.
func (s *sup) init() error {
	if err := s.spec.validate(); err != nil {
		return err
	}
	s.p.post(func() {
		s.runPlan(&plan{start: slices.Clone(s.children), done: func() {
			s.starting = false
			s.report(childEvent{p: s.p, kind: evStarted, epoch: s.p.currentEpoch()})
		}})
	})
	return errStartsLater
}

func (*sup) handle(any) {}

func (*sup) takeQueue([]*envelope) bool { return false }

func (s *sup) report(e childEvent) { s.parent.childEvent(e) }

// terminate abandons the remaining children; there are some only after a crash of the supervisor.
func (s *sup) terminate(Reason) { s.abandonAll() }

func (s *sup) abandonAll() {
	for _, c := range s.snapshot() {
		if c.p != nil {
			c.p.abandon(Killed)
		}
	}
}

func (*sup) state() any   { return nil }
func (*sup) size() int    { return 0 }
func (*sup) bind(*proc)   {}
func (*sup) unbind(*proc) {}

// childEvent queues an event for the supervisor's goroutine.
func (s *sup) childEvent(e childEvent) {
	s.p.post(func() {
		s.events = append(s.events, e)
		s.processEvents()
	})
}

// processEvents handles the queued events, unless the supervisor is suspended.
func (s *sup) processEvents() {
	for len(s.events) > 0 && s.p.useStep() {
		e := s.events[0]
		s.events = s.events[1:]
		s.handleEvent(e)
	}
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

// runPlan makes pl the current plan and runs its first step. It drops the previous plan: the
// states of the children say what is left to do.
func (s *sup) runPlan(pl *plan) {
	s.plan = pl
	s.step()
}

// step runs the plan up to the next start or stop, which ends with an event.
func (s *sup) step() {
	for pl := s.plan; pl != nil && pl == s.plan; {
		switch {
		case len(pl.stop) > 0:
			c := pl.stop[0]
			if c.p != nil {
				s.stopChild(c)
				return
			}
			pl.stop = pl.stop[1:]
		case len(pl.start) > 0:
			c := pl.start[0]
			if c.state == childUp {
				pl.start = pl.start[1:]
				continue
			}
			s.startChild(c)
			return
		default:
			s.plan = nil
			pl.done()
		}
	}
	for s.plan == nil && len(s.deferred) > 0 {
		decide := s.deferred[0]
		s.deferred = s.deferred[1:]
		decide()
	}
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

// stopChildren begins the ordered stop; the process is finished after the last child.
func (s *sup) stopChildren(r Reason) {
	s.ending = &r
	s.deferred = nil
	stop := slices.Clone(s.children)
	slices.Reverse(stop)
	s.runPlan(&plan{stop: stop, done: func() {
		if s.failed {
			s.p.failStart(r)
			return
		}
		s.p.finish(r, true)
	}})
}

// giveUp stops a supervisor that exceeded its restart intensity.
func (s *sup) giveUp(c *child, r Reason) {
	why := ShutdownWith(fmt.Sprintf("%s gave up after more than %d restarts within %v: %s: %v",
		s.name, s.spec.Intensity, s.spec.period(), c.spec.ID, r))
	s.p.sys.report(Report{Kind: GaveUp, Process: s.name, Reason: why})
	s.p.stop(why)
}
