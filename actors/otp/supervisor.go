package otp

import (
	"fmt"
	"slices"
	"sync"
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
	s.starting, s.failed, s.ending = true, false, nil
	s.plan, s.deferred = nil, nil
	s.window = window{}
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
