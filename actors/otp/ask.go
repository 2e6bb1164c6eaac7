package otp

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"registrar/actors/trace"
)

// Ask sends a request and receives the answer as a message to this incarnation, so that a process
// never waits for another one. Build puts the [From] into the request; then makes a message of the
// answer or the error. The error is [ErrNoProcess], [ErrOverloaded], a [CrashError], [ErrTimeout]
// or the callee's own. A timeout of zero means no timeout.
func Ask[M, T, N any](c *Context[N], to *Ref[M], timeout time.Duration, build func(From[T]) M, then func(T, error) N) {
	p, epoch, asked := c.p, c.epoch, c.cause()
	f := NewFrom[T](nil)
	f.s.sys = p.sys
	f.s.done = func(v T, err error) { p.urgent(epoch, then(v, err), trace.Completion, cmp.Or(f.s.answeredIn, asked)) }
	if timeout > 0 {
		f.s.expireAfter(c.p.sys.clock, timeout, to.name)
	}
	if err := to.Tell(c, build(f)); err != nil {
		f.Fail(err)
	}
}

// Call sends a request and waits for its answer. It is for goroutines that are not processes. It
// returns early with the error of ctx, or when the callee crashes or ends; a late reply is
// dropped.
func Call[M, T any](ctx context.Context, from Origin, to *Ref[M], build func(From[T]) M) (T, error) {
	type answer struct {
		v   T
		err error
	}
	got := make(chan answer, 1)
	f := NewFrom(func(v T, err error) { got <- answer{v, err} })
	f.s.sys = to.sys
	if err := to.Tell(from, build(f)); err != nil {
		f.Fail(err)
	}
	select {
	case a := <-got:
		return a.v, a.err
	case <-ctx.Done():
		f.Fail(ctx.Err())
		a := <-got // the error of ctx, or a reply that was faster
		return a.v, a.err
	}
}

// expireAfter fails the slot with [ErrTimeout] after d.
func (s *slotCore) expireAfter(clock Clock, d time.Duration, name string) {
	t := clock.AfterFunc(d, func() {
		s.release() // the timeout is not caused by the message that the holder is handling
		s.typed.fail(fmt.Errorf("%s: %w", name, ErrTimeout))
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answered {
		t.Stop()
		return
	}
	s.timer = t
}
