package otp

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unsafe"
)

// Info is a snapshot of one process. Times are ages.
type Info struct {
	Node
	// BehaviourState is the result of [Stater], nil without one. Busy means that the current
	// handler did not return within the time of the caller.
	BehaviourState any
	Busy           bool
	// Handled counts messages since the start of the process, modulo 2³².
	Handled uint32
	// Memory estimates the memory of the process in bytes: the engine's part, and the behaviour's
	// if it is a [Sizer].
	Memory int
}

// Sizer is a behaviour that estimates its own memory in bytes. Like [Stater] it is called on the
// goroutine of the process.
type Sizer interface{ Size() int }

// Inspect returns a snapshot of the process or dynamic child with this name. The behaviour is
// asked between two messages, ahead of the queue, until ctx ends.
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

// Suspend stops a process from handling messages; they queue up until [App.Resume]. Operations of
// the engine continue: a suspended process can be inspected, stopped and restarted. A suspended
// supervisor handles the events of its children after Resume.
func (a *App) Suspend(name string) error { return a.pause(name, func(p *proc) { p.paused = true }) }

// Resume ends the suspension of a process.
func (a *App) Resume(name string) error {
	return a.pause(name, func(p *proc) { p.paused, p.steps = false, 0 })
}

// ErrNotSuspended means that [App.Step] needs a suspended process.
var ErrNotSuspended = errors.New("the process is not suspended")

// Step lets a suspended process handle one message: the next queued one, or else the next to
// arrive.
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
	p.post(func() { // schedules the process
		if s, ok := p.body.(*sup); ok {
			s.processEvents()
		}
	})
	return nil
}

// useStep reports whether a supervisor may handle an event now, and consumes a step.
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

// node returns a snapshot of the process without waiting for it.
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
