package otp

import (
	"fmt"
	"sync/atomic"

	"registrar/actors/trace"
)

// Ref is the address of a process that takes messages of type M. It is made before its process, survives restarts and is bound anew
// when a supervisor starts the child again. It is safe for use by many goroutines.
type Ref[M any] struct {
	sys    *System
	name   string
	bound  int32
	target atomic.Pointer[proc]
}

// RefOption configures a [Ref].
type RefOption func(*int32)

// WithBound makes Tell answer [ErrOverloaded] while n messages wait. Completions, timers and monitors do not count, and
// what is [Unbounded] is queued all the same.
func WithBound(n int) RefOption { return func(b *int32) { *b = int32(min(n, 1<<30)) } } //nolint:gosec // cut to fit.

// Unbounded is a message that no bound refuses: one that its receiver must not miss, and of which there are few.
type Unbounded interface{ Unbounded() }

// NewRef makes an address. The name shows in reports, logs and the tree.
func NewRef[M any](s *System, name string, opts ...RefOption) *Ref[M] {
	r := &Ref[M]{sys: s, name: name}
	for _, o := range opts {
		o(&r.bound)
	}
	return r
}

// Name returns the name of the process behind the address.
func (r *Ref[M]) Name() string { return r.name }

// Bound reports whether a process is behind the address.
func (r *Ref[M]) Bound() bool {
	p := r.target.Load()
	return p != nil && p.alive()
}

// Tell queues a message and never blocks. Messages of one sender are handled in the order they were told. It answers [ErrNoProcess] when
// nothing is behind the address and [ErrOverloaded] when its bound is reached; a request that is refused stays with the caller.
func (r *Ref[M]) Tell(from Origin, msg M) error {
	p := r.target.Load()
	if p == nil {
		return fmt.Errorf("%s: %w", r.name, ErrNoProcess)
	}
	if p.full(r.bound) && !unbounded(msg) {
		return fmt.Errorf("%s: %w", r.name, ErrOverloaded)
	}
	if !p.tell(from, msg) {
		return fmt.Errorf("%s: %w", r.name, ErrNoProcess)
	}
	return nil
}

func unbounded(msg any) bool {
	_, yes := msg.(Unbounded)
	return yes
}

// tell sends a message through the library.
func (p *proc) tell(from Origin, msg any) bool {
	if rq, ok := msg.(Request); ok {
		if s := rq.slot(); s != nil {
			s.release()
		}
	}
	e := &envelope{msg: msg, queue: normalQueue}
	e.cause, e.from = from.sender()
	return p.send(e)
}

// urgent queues a message for one incarnation, past what waits in the normal lane. It never refuses while that incarnation lives.
func (p *proc) urgent(epoch Epoch, msg any, kind trace.Kind, cause trace.ID) {
	p.enqueue(&envelope{msg: msg, queue: urgentQueue, epoch: epoch, kind: kind, cause: cause})
}
