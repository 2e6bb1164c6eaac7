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
	// Memory estimates the memory that the engine holds for the process, in bytes.
	Memory int
}

// Inspect returns a snapshot of the process or dynamic child with this name. The behaviour is
// asked between two messages, ahead of the queue, until ctx ends.
func (a *App) Inspect(ctx context.Context, name string) (Info, error) {
	p := a.root.find(name)
	if p == nil {
		return Info{}, fmt.Errorf("%s: %w", name, ErrNoProcess)
	}
	shown := make(chan any, 1)
	p.post(func() { shown <- p.body.state() })
	info := Info{Busy: true}
	select {
	case info.BehaviourState = <-shown:
		info.Busy = false
	case <-ctx.Done():
	}
	info.Node = p.node("")
	p.mu.Lock()
	defer p.mu.Unlock()
	info.Handled = p.handled
	info.Memory = int(unsafe.Sizeof(*p)) + info.Queue*int(unsafe.Sizeof(envelope{}))
	return info, nil
}
