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

// Start starts a tree and returns when every process in it has been initialised, or, after rolling back, with what failed. When ctx
// ends first the start is abandoned in the same way.
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
		_ = a.Stop(context.WithoutCancel(ctx)) // the context's error is the one that counts
		return nil, fmt.Errorf("start %s: %w", name, context.Cause(ctx))
	}
}

// childEvent hears what happens to the root.
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

// Stop stops the tree in reverse order of its start and waits for it. When ctx ends first, what is left is abandoned.
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

// Done is closed when the tree has ended, because it was stopped or because its top gave up.
func (a *App) Done() <-chan struct{} { return a.done }

// Err returns why the tree ended by itself, the chain of reasons in one line; nil while it runs and after a stop that was asked for.
func (a *App) Err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

// Node is one process of the tree, as it was a moment ago.
type Node struct {
	Name string
	// Kind is worker or supervisor; State is up, starting, crashed, stopping, suspended, down.
	Kind, State string
	Epoch       Epoch
	// Restarts is how often it has been started again, in place or, when it was abandoned or had ended by itself, with another process in its place.
	Restarts int
	// Since is how long the present incarnation has been there.
	Since time.Duration
	// Queue is how many messages wait, Oldest at most how long the first of them has; InHand is the type of the one being handled, if
	// any, and HandledFor since when.
	Queue       int
	Oldest      time.Duration
	Handling    string
	HandlingFor time.Duration
	// Trouble is what keeps the process from its work though it is up: a state that is expected and ends by itself. The engine knows of none; the
	// application fills it in.
	Condition string
	// Dynamic is how many dynamic children it has.
	Dynamic  int
	Children []Node
}

// Tree returns the tree. It asks nobody and waits for nobody: it works while a process hangs.
func (a *App) Tree() Node { return a.root.node("up") }

// ErrKilled is the crash of a process that was killed by [App.Kill].
var ErrKilled = errors.New("killed by the operator")

// Kill makes the process of that name crash between two messages, as if its code had panicked: its supervisor sees no
// difference. Dynamic children are found, too. A process that hangs does not die of it: see [App.Abandon].
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

// String draws the tree, one process a line.
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
