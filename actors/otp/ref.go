package otp

import (
	"fmt"
	"sync/atomic"

	"registrar/actors/trace"
)

// Ref is the address of a process with messages of type M. It is made before the process and stays
// valid over restarts and replacements. It is safe for concurrent use.
type Ref[M any] struct {
	sys    *System
	name   string
	bound  int32
	target atomic.Pointer[proc]
}

// RefOption configures a [Ref].
type RefOption func(*int32)

// WithBound limits the queue to n messages; then Tell returns [ErrOverloaded]. Completions, timers
// and monitors do not count. [Unbounded] messages are accepted regardless.
func WithBound(n int) RefOption { return func(b *int32) { *b = int32(min(n, 1<<30)) } } //nolint:gosec // limited by min.

// Unbounded is a message that no bound refuses. It is for rare messages that the receiver must not
// miss.
type Unbounded interface{ Unbounded() }

// NewRef makes an address. Reports, logs and the tree show the name.
func NewRef[M any](s *System, name string, opts ...RefOption) *Ref[M] {
	r := &Ref[M]{sys: s, name: name}
	for _, o := range opts {
		o(&r.bound)
	}
	return r
}

// Name returns the name of the process.
func (r *Ref[M]) Name() string { return r.name }

// Bound reports whether there is a live process behind the address.
func (r *Ref[M]) Bound() bool {
	p := r.target.Load()
	return p != nil && p.alive()
}

// Tell queues a message and never blocks. Messages of one sender to one process keep their order.
// It returns [ErrNoProcess] without a process and [ErrOverloaded] at the bound; a refused request
// stays with the caller.
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

// tell sends a message. A request leaves its current holder.
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

// urgent queues a message for one incarnation ahead of the normal queue. It is dropped only if
// that incarnation has ended.
func (p *proc) urgent(epoch Epoch, msg any, kind trace.Kind, cause trace.ID) {
	p.enqueue(&envelope{msg: msg, queue: urgentQueue, epoch: epoch, kind: kind, cause: cause})
}
