package otp

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// App is a running supervision tree.
type App struct {
	sys  *System
	root *proc

	mu          sync.Mutex
	stopping    bool
	started     chan error
	startedOnce sync.Once
	done        chan struct{}
	err         error
}

// Start starts a supervision tree. It returns when every process is initialised, or with the first
// error after the started processes have been stopped again. If ctx ends first, the start is
// rolled back as well.
func Start(ctx context.Context, s *System, name string, spec SupSpec) (*App, error) {
	if err := spec.validate(); err != nil {
		return nil, err
	}
	a := &App{sys: s, started: make(chan error, 1), done: make(chan struct{})}
	a.mu.Lock()
	a.root = s.spawn(name, &sup{name: name, spec: spec, parent: a}, predecessor{})
	a.mu.Unlock()
	select {
	case err := <-a.started:
		if err != nil {
			<-a.done
			return nil, err
		}
		return a, nil
	case <-ctx.Done():
		_ = a.Stop(context.WithoutCancel(ctx)) // the error of ctx is returned instead
		return nil, fmt.Errorf("start %s: %w", name, context.Cause(ctx))
	}
}

// childEvent handles the events of the root supervisor.
func (a *App) childEvent(e childEvent) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch e.kind {
	case evStarted:
		a.startedOnce.Do(func() { a.started <- nil })
	case evFailed, evCrashed:
		a.err = errors.New(e.reason.String())
		a.startedOnce.Do(func() { a.started <- a.err })
		e.p.stopSoon(e.reason)
	case evExited, evIgnored:
		if a.err == nil && !a.stopping {
			a.err = errors.New(e.reason.String())
		}
		a.startedOnce.Do(func() { a.started <- a.err })
		close(a.done)
	}
}

// Stop stops the tree in reverse start order and waits for it. If ctx ends first, the rest of the
// tree is abandoned.
func (a *App) Stop(ctx context.Context) error {
	a.mu.Lock()
	a.stopping = true
	root := a.root
	a.mu.Unlock()
	root.stopSoon(Shutdown)
	select {
	case <-a.done:
		return a.Err()
	case <-ctx.Done():
		root.kill(Killed)
		return fmt.Errorf("stop: %w", context.Cause(ctx))
	}
}

// Done is closed when the tree has ended: after Stop, or because the top supervisor gave up.
func (a *App) Done() <-chan struct{} { return a.done }

// Err returns the reason in one line if the tree ended by itself. It is nil while the tree runs
// and after Stop.
func (a *App) Err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

// ErrKilled is the crash of a process that [App.Kill] ended.
var ErrKilled = errors.New("killed by the operator")

// Kill crashes a process between two messages, as if its handler had panicked. Dynamic children
// are found as well. It has no effect while the process hangs in a handler: see [App.Abandon].
func (a *App) Kill(name string) error {
	p := a.root.find(name)
	if p == nil {
		return fmt.Errorf("%s: %w", name, ErrNoProcess)
	}
	p.post(func() {
		p.mu.Lock()
		l := p.phase
		p.mu.Unlock()
		if l == running {
			panic(ErrKilled)
		}
	})
	return nil
}
