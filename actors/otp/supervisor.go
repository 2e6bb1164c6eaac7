package otp

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// sup is the body of a supervisor: a process whose work is all on its control lane. It never waits: starting and stopping a child
// are operations whose end comes back as an event, so it answers while a child hangs in Init or in Terminate.
type sup struct {
	name   string
	spec   SupSpec
	p      *proc
	parent parent

	mu        sync.Mutex // guards children, their fields and cut against readers of the tree and who abandons the supervisor
	children  []*child
	abandoned bool // abandoned: no child may be started any more

	starting bool
	ending   *Reason // told to stop, or has given up
	window   window
	plan     *plan
	failed   bool         // the ordered start has failed
	deferred []func()     // decisions put off until the plan in hand is carried out
	events   []childEvent // not yet taken note of
}

type child struct {
	spec  ChildSpec
	p     *proc // nil while there is none
	state childState
	timer Timer // of its stop, or of its restart
	// started and stopped are told the end of an operator's request; fresh means that its first Init decides whether it stays.
	started, stopped func(error)
	provisional      bool
	startErr         error       // of the Init that an operator waits for
	predecessor      predecessor // of the last one, if that has ended by itself or was abandoned
	// row counts restarts one after the other, upSince is when the last one was due: for the back-off.
	consecutive int
	upSince     time.Duration
}

type childState uint8

const (
	childDown childState = iota
	childStarting
	childUp
	childCrashed
	childRestarting // for its restart
	childStopping
)

// String names the state for the tree.
func (s childState) String() string {
	return [...]string{"down", "starting", "up", "crashed", "restarting", "stopping"}[s]
}

// plan is what a supervisor is about to do: stop these in this order, then start those in that order, one after the other.
type plan struct {
	stop, start []*child
	done        func()
}

func (s *sup) incarnate(p *proc, _ Epoch) {
	if s.p == nil { // the same in every incarnation: a child of the last that was abandoned may read it at this moment
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

// init begins the ordered start; the supervisor is ready when all children are.
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

// terminate ends children that are still there: only after a crash of the supervisor itself.
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

// childEvent brings an event onto the supervisor's own goroutine.
func (s *sup) childEvent(e childEvent) {
	s.p.post(func() {
		s.events = append(s.events, e)
		s.processEvents()
	})
}

// unpark takes note of what has happened to the children, unless the supervisor is suspended.
func (s *sup) processEvents() {
	for len(s.events) > 0 && s.p.useStep() {
		e := s.events[0]
		s.events = s.events[1:]
		s.handleEvent(e)
	}
}

// seen is what others may see of a child.
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

// carryOut makes the plan the one in hand and takes its first step. A plan that was in hand is dropped: what it left undone is in
// the state of the children.
func (s *sup) runPlan(pl *plan) {
	s.plan = pl
	s.step()
}

// step does what is next: it returns when something is under way whose end is an event.
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

// startChild starts a child, or restarts it in place when its process has crashed and waits.
func (s *sup) startChild(c *child) {
	switch c.state {
	case childCrashed, childRestarting:
		if c.p == nil { // it had ended by itself
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
		return // nobody would ever end it
	}
	c.p, c.state = s.p.sys.spawn(name, c.spec.Start.body(name, s), c.predecessor), childStarting
}

// stopChild tells a child to stop and abandons it when that takes too long.
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

// lose abandons a child and goes on as if it had ended.
func (s *sup) abandonChild(c *child) {
	p := c.p
	p.abandon(Killed)
	s.handleEvent(childEvent{p: p, kind: evExited, reason: Killed})
}

// stopFirst begins the ordered stop of everything below; the process is finished when that is done.
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

// giveUp is what a supervisor does that has seen too many restarts.
func (s *sup) giveUp(c *child, r Reason) {
	why := ShutdownWith(fmt.Sprintf("%s gave up after more than %d restarts within %v: %s: %v",
		s.name, s.spec.Intensity, s.spec.period(), c.spec.ID, r))
	s.p.sys.report(Report{Kind: GaveUp, Process: s.name, Reason: why})
	s.p.stop(why)
}
