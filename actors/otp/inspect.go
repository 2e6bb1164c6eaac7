package otp

import (
	"context"
	"fmt"
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
