package otp

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// The errors of changing a supervisor's children while it runs (OTP: supervisor:start_child/2 and its kin).
var (
	// ErrNotASupervisor means that the process of that name is none, or is not there.
	ErrNotASupervisor = errors.New("no such supervisor")
	// ErrAlreadyStarted means that a child of that id runs, ErrAlreadyPresent that it is declared and does not.
	ErrAlreadyStarted = errors.New("already started")
	ErrAlreadyPresent = errors.New("already present")
	// ErrNoChild means that there is no child of that id.
	ErrNoChild = errors.New("no such child")
	// ErrRunning means that the child runs or is being restarted: terminate it first.
	ErrRunning = errors.New("the child is running")
)

// Child is one child of a supervisor (OTP: which_children/1).
type Child struct {
	ID      string
	Kind    string // worker or supervisor
	State   string // up, starting, crashed, restarting, stopping, down
	Restart Restart
	Process string
	Epoch   Epoch // zero when there is none
}

// Counts says how many children a supervisor has (OTP: count_children/1).
type Counts struct{ Specs, Active, Supervisors, Workers int }

// ask has a supervisor do something on its own goroutine and waits for the end of it.
func (a *App) onSupervisor(ctx context.Context, name string, do func(s *sup, done func(error))) error {
	p := a.root.find(name)
	s, ok := (*sup)(nil), false
	if p != nil {
		s, ok = p.body.(*sup)
	}
	if !ok {
		return fmt.Errorf("%s: %w", name, ErrNotASupervisor)
	}
	end := make(chan error, 1)
	p.post(func() {
		if s.ending != nil || s.starting {
			end <- fmt.Errorf("%s starts or stops: %w", name, ErrNoProcess)
			return
		}
		do(s, func(err error) { end <- err })
	})
	select {
	case err := <-end:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", name, context.Cause(ctx))
	}
}

// StartChild adds a child to a running supervisor and returns when it is up. When its Init fails, it is not added.
func (a *App) StartChild(ctx context.Context, supervisor string, spec ChildSpec) error {
	if err := (SupSpec{AutoShutdown: AllSignificant, Children: []ChildSpec{spec}}).validate(); err != nil {
		return err
	}
	return a.onSupervisor(ctx, supervisor, func(s *sup, done func(error)) {
		if spec.Significant && s.spec.AutoShutdown == NeverShutdown {
			done(badSpecError("child " + spec.ID + " is significant to a supervisor that does not care"))
			return
		}
		if c := s.child(spec.ID); c != nil {
			if c.p != nil {
				done(fmt.Errorf("%s: %w", spec.ID, ErrAlreadyStarted))
			} else {
				done(fmt.Errorf("%s: %w", spec.ID, ErrAlreadyPresent))
			}
			return
		}
		c := &child{spec: spec, started: done, provisional: true}
		s.mu.Lock()
		s.children = append(s.children, c)
		s.mu.Unlock()
		s.afterPlan(func() { s.runPlan(&plan{start: []*child{c}, done: func() {}}) })
	})
}

// TerminateChild stops a child, which is not restarted; its declaration stays, but for a temporary child. It returns when it is over.
func (a *App) TerminateChild(ctx context.Context, supervisor, id string) error {
	return a.onSupervisor(ctx, supervisor, func(s *sup, done func(error)) {
		c := s.child(id)
		switch {
		case c == nil:
			done(fmt.Errorf("%s: %w", id, ErrNoChild))
		case c.p == nil && c.state == childDown:
			done(nil)
		default:
			s.afterPlan(func() {
				s.cancelRestart(c)
				if c.p == nil {
					done(nil)
					return
				}
				c.stopped = done
				s.stopChild(c)
			})
		}
	})
}

// RestartChild starts a child that is down. When its Init fails, it stays down.
func (a *App) RestartChild(ctx context.Context, supervisor, id string) error {
	return a.onSupervisor(ctx, supervisor, func(s *sup, done func(error)) {
		c := s.child(id)
		switch {
		case c == nil:
			done(fmt.Errorf("%s: %w", id, ErrNoChild))
		case c.p != nil || c.state == childRestarting:
			done(fmt.Errorf("%s: %w", id, ErrRunning))
		default:
			c.started, c.predecessor = done, predecessor{} // a new beginning
			s.afterPlan(func() { s.runPlan(&plan{start: []*child{c}, done: func() {}}) })
		}
	})
}

// DeleteChild removes the declaration of a child that is down.
func (a *App) DeleteChild(ctx context.Context, supervisor, id string) error {
	return a.onSupervisor(ctx, supervisor, func(s *sup, done func(error)) {
		c := s.child(id)
		switch {
		case c == nil:
			done(fmt.Errorf("%s: %w", id, ErrNoChild))
		case c.p != nil || c.state == childRestarting:
			done(fmt.Errorf("%s: %w", id, ErrRunning))
		default:
			s.drop(c)
			done(nil)
		}
	})
}

// WhichChildren lists the children of a supervisor in the order of their start. It waits for nobody.
func (a *App) WhichChildren(supervisor string) ([]Child, error) {
	s, err := a.supervisor(supervisor)
	if err != nil {
		return nil, err
	}
	var out []Child
	for _, c := range s.snapshot() {
		x := Child{
			ID: c.spec.ID, Kind: "worker", State: c.state.String(), Restart: c.spec.Restart, Process: c.spec.Start.name(s.name, c.spec.ID),
		}
		if c.spec.Start.isSup {
			x.Kind = "supervisor"
		}
		if c.p != nil && c.state == childUp {
			x.Epoch = c.p.currentEpoch()
		}
		out = append(out, x)
	}
	return out, nil
}

// CountChildren counts the children of a supervisor. It waits for nobody.
func (a *App) CountChildren(supervisor string) (Counts, error) {
	list, err := a.WhichChildren(supervisor)
	n := Counts{Specs: len(list)}
	for _, c := range list {
		if c.State != childDown.String() {
			n.Active++
		}
		if c.Kind == "supervisor" {
			n.Supervisors++
		} else {
			n.Workers++
		}
	}
	return n, err
}

// ChildSpecOf returns the declaration of a child (OTP: get_childspec/2).
func (a *App) ChildSpecOf(supervisor, id string) (ChildSpec, error) {
	s, err := a.supervisor(supervisor)
	if err != nil {
		return ChildSpec{}, err
	}
	for _, c := range s.snapshot() {
		if c.spec.ID == id {
			return c.spec, nil
		}
	}
	return ChildSpec{}, fmt.Errorf("%s: %w", id, ErrNoChild)
}

func (a *App) supervisor(name string) (*sup, error) {
	if p := a.root.find(name); p != nil {
		if s, ok := p.body.(*sup); ok {
			return s, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", name, ErrNotASupervisor)
}

func (s *sup) child(id string) *child {
	if i := slices.IndexFunc(s.children, func(c *child) bool { return c.spec.ID == id }); i >= 0 {
		return s.children[i]
	}
	return nil
}

// drop forgets a child.
func (s *sup) drop(c *child) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.children = slices.DeleteFunc(slices.Clone(s.children), func(x *child) bool { return x == c })
}

// whenIdle does something when no plan is in hand, now or after it.
func (s *sup) afterPlan(do func()) {
	if s.plan == nil {
		do()
		return
	}
	s.deferred = append(s.deferred, do)
}
