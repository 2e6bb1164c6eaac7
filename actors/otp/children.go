package otp

import (
	"context"
	"errors"
	"fmt"
)

// Errors of changing the children of a running supervisor (OTP: supervisor:start_child/2,
// terminate_child/2, restart_child/2, delete_child/2).
var (
	// ErrNotASupervisor means that no supervisor has this name.
	ErrNotASupervisor = errors.New("no such supervisor")
	// ErrAlreadyStarted means that a child with this id runs. ErrAlreadyPresent means that it is
	// declared and down.
	ErrAlreadyStarted = errors.New("already started")
	ErrAlreadyPresent = errors.New("already present")
	// ErrNoChild means that no child has this id.
	ErrNoChild = errors.New("no such child")
	// ErrRunning means that the child runs or is being restarted; terminate it first.
	ErrRunning = errors.New("the child is running")
)

// onSupervisor runs do on the supervisor's goroutine and waits until do calls done.
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

// StartChild adds a child to a running supervisor and returns when it is up. A child with a failed
// Init is not added.
func (a *App) StartChild(ctx context.Context, supervisor string, spec ChildSpec) error {
	if err := (SupSpec{AutoShutdown: AllSignificant, Children: []ChildSpec{spec}}).validate(); err != nil {
		return err
	}
	return a.onSupervisor(ctx, supervisor, func(s *sup, done func(error)) {
		if spec.Significant && s.spec.AutoShutdown == NeverShutdown {
			done(badSpecError("child " + spec.ID + " is significant, but its supervisor has no auto-shutdown"))
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

// TerminateChild stops a child and waits for its end. It is not restarted. Its declaration stays,
// unless it is temporary.
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

// RestartChild starts a child that is down. After a failed Init it stays down.
func (a *App) RestartChild(ctx context.Context, supervisor, id string) error {
	return a.onSupervisor(ctx, supervisor, func(s *sup, done func(error)) {
		c := s.child(id)
		switch {
		case c == nil:
			done(fmt.Errorf("%s: %w", id, ErrNoChild))
		case c.p != nil || c.state == childRestarting:
			done(fmt.Errorf("%s: %w", id, ErrRunning))
		default:
			c.started, c.predecessor = done, predecessor{} // restarts count from zero again
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
