package otp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
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

// Node is a snapshot of one process of the tree.
type Node struct {
	Name string
	// Kind is worker or supervisor. State is up, starting, crashed, restarting, stopping,
	// suspended, abandoned or down.
	Kind, State string
	Epoch       Epoch
	// Restarts counts restarts in place and replacements after an abandonment or an exit.
	Restarts int
	// Since is the age of the current incarnation.
	Since time.Duration
	// Queue is the number of queued messages, Oldest an upper bound of the age of the first.
	// Handling is the type of the message that is being handled, empty if none, and HandlingFor
	// the time since its handling began.
	Queue       int
	Oldest      time.Duration
	Handling    string
	HandlingFor time.Duration
	// Condition says why a running process cannot do its work (no broker, a full disk). The engine
	// leaves it empty; the application sets it.
	Condition string
	// Dynamic is the number of dynamic children.
	Dynamic  int
	Children []Node
}

// Tree returns a snapshot of the tree. It does not wait for any process, so it works while one
// hangs.
func (a *App) Tree() Node { return a.root.node("up") }

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

func (p *proc) find(name string) *proc {
	if p.name() == name {
		return p
	}
	for _, f := range p.dependants() {
		if found := f.find(name); found != nil {
			return found
		}
	}
	if s, ok := p.body.(*sup); ok {
		for _, c := range s.snapshot() {
			if c.p == nil {
				continue
			}
			if found := c.p.find(name); found != nil {
				return found
			}
		}
	}
	return nil
}

// String formats the tree, one process a line.
func (n Node) String() string {
	var b strings.Builder
	n.draw(&b, "")
	return b.String()
}

func (n Node) draw(b *strings.Builder, indent string) {
	fmt.Fprintf(b, "%s%s %s %s for %v restarts=%d epoch=%v queue=%d", indent, n.Name, n.Kind, n.State, round(n.Since), n.Restarts, n.Epoch, n.Queue)
	if n.Queue > 0 {
		fmt.Fprintf(b, " oldest=%v", round(n.Oldest))
	}
	if n.Handling != "" {
		fmt.Fprintf(b, " handling=%s for %v", n.Handling, round(n.HandlingFor))
	}
	if n.Dynamic > 0 {
		fmt.Fprintf(b, " children=%d", n.Dynamic)
	}
	b.WriteByte('\n')
	for _, c := range n.Children {
		c.draw(b, indent+"  ")
	}
}
