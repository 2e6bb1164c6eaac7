package otp

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unsafe"
)

// Info is what an operator may know of one process. Times are ages.
type Info struct {
	Node
	// State is what the behaviour shows of itself ([Stater]), nil if it shows nothing. Busy means that the process did not get to show
	// it: its handler was still at work when the operator's patience ended.
	BehaviourState any
	Busy           bool
	// Handled counts the messages since the start of the process, modulo 2³².
	Handled uint32
	// Memory estimates what the engine holds for the process, in bytes, and what its behaviour says that it holds itself ([Sizer]).
	Memory int
}

// Sizer is a behaviour that estimates its own memory in bytes. Like [Stater] it is asked on the process's goroutine.
type Sizer interface{ Size() int }

// Inspect looks at the process of that name, dynamic children included. What the engine knows comes at once; the behaviour is asked between two
// messages, past all that is queued, and ctx says how long that may take.
func (a *App) Inspect(ctx context.Context, name string) (Info, error) {
	p := a.root.find(name)
	if p == nil {
		return Info{}, fmt.Errorf("%s: %w", name, ErrNoProcess)
	}
	type own struct {
		state any
		size  int
	}
	shown := make(chan own, 1)
	p.post(func() { shown <- own{p.body.state(), p.body.size()} })
	info := Info{Busy: true}
	select {
	case o := <-shown:
		info.BehaviourState, info.Memory, info.Busy = o.state, o.size, false
	case <-ctx.Done():
	}
	info.Node = p.node("")
	p.mu.Lock()
	defer p.mu.Unlock()
	info.Handled = p.handled
	info.Memory += int(unsafe.Sizeof(*p)) + info.Queue*int(unsafe.Sizeof(envelope{}))
	return info, nil
}

// Suspend has a process handle no more messages until it is resumed; they queue up. The engine's own operations go on: it can be looked at,
// stopped and restarted. A supervisor that is suspended takes note of what happens to its children when it is resumed.
func (a *App) Suspend(name string) error { return a.pause(name, func(p *proc) { p.paused = true }) }

// Resume lets a suspended process go on.
func (a *App) Resume(name string) error {
	return a.pause(name, func(p *proc) { p.paused, p.steps = false, 0 })
}

// ErrNotSuspended means that a process cannot be stepped because it runs.
var ErrNotSuspended = errors.New("the process is not suspended")

// Step has a suspended process handle one message; one that comes later if none waits now.
func (a *App) Step(name string) error {
	p := a.root.find(name)
	if p == nil {
		return fmt.Errorf("%s: %w", name, ErrNoProcess)
	}
	p.mu.Lock()
	paused := p.paused
	p.mu.Unlock()
	if !paused {
		return fmt.Errorf("%s: %w", name, ErrNotSuspended)
	}
	return a.pause(name, func(p *proc) { p.steps = min(p.steps, 254) + 1 })
}

func (a *App) pause(name string, change func(*proc)) error {
	p := a.root.find(name)
	if p == nil {
		return fmt.Errorf("%s: %w", name, ErrNoProcess)
	}
	p.mu.Lock()
	change(p)
	p.mu.Unlock()
	p.post(func() { // wakes it
		if s, ok := p.body.(*sup); ok {
			s.processEvents()
		}
	})
	return nil
}

// mayStep reports whether a supervisor may take note of something now, and uses up a step.
func (p *proc) useStep() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.paused {
		return true
	}
	if p.steps == 0 {
		return false
	}
	p.steps--
	return true
}

// node is the process as it is now; nobody is asked.
func (p *proc) node(state string) Node {
	now := p.sys.clock.Mono()
	p.mu.Lock()
	if state == "" {
		state = p.phase.String()
	}
	n := Node{Name: p.name(), Kind: "worker", State: state, Epoch: p.epoch, Restarts: int(p.restarts), Since: now - p.startedAt}
	if p.paused {
		n.State = "suspended"
	}
	for l := urgentQueue; l < queueCount; l++ {
		n.Queue += int(p.queued[l])
		if last := p.queues[l]; last != nil {
			n.Oldest = max(n.Oldest, now-last.next.time)
		}
	}
	if e := p.current; e != nil && e.queue != controlQueue {
		n.Handling, n.HandlingFor = fmt.Sprintf("%T", e.msg), now-e.time
	}
	if n.Epoch == noEpoch {
		n.Epoch = 0
	}
	p.mu.Unlock()
	for _, f := range p.dependants() {
		n.Dynamic += f.size()
	}
	if s, ok := p.body.(*sup); ok {
		n.Kind = "supervisor"
		for _, c := range s.snapshot() {
			if c.p == nil {
				n.Children = append(n.Children, Node{Name: c.spec.Start.name(s.name, c.spec.ID), State: c.state.String()})
				continue
			}
			n.Children = append(n.Children, c.p.node(c.state.String()))
		}
	}
	return n
}

// String names the state of a process for the tree.
func (l phase) String() string {
	return [...]string{"starting", "up", "crashed", "stopping", "down", "abandoned"}[l]
}

func round(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(100 * time.Microsecond)
	}
	return d.Round(time.Second)
}
