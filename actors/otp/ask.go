package otp

import (
	"cmp"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"registrar/actors/trace"
)

// Ask sends a request whose answer comes to this incarnation as a message: asynchronous, so that a process never waits for
// another. Build puts the place for the answer into the request; then turns the answer, or the error, into a message of the
// asker's. An error is [ErrNoProcess], [ErrOverloaded], a [CrashError], [ErrTimeout] or what the callee failed with. A timeout
// of zero is none.
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

// Call sends a request and waits for its answer: for code that is not a process. It answers with ctx's error when ctx ends
// first, and at once when the callee crashes or is gone. A late reply is dropped.
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
		a := <-got // ours or one that came just before it
		return a.v, a.err
	}
}

// expireAfter fails the slot when no answer has come in time.
func (s *slotCore) expireAfter(clock Clock, d time.Duration, name string) {
	t := clock.AfterFunc(d, func() {
		s.release() // it is no answer of the holder's, whatever that has in hand
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

// Down says that an incarnation of a monitored process has ended, by a crash after which it is restarted, too.
type Down struct {
	Name   string
	Epoch  Epoch
	Reason Reason
	cause  trace.ID
}

// watcher is one monitor: told once.
type watcher struct {
	tell func(Down)
	told atomic.Bool
}

// Monitor sends wrap(Down) to this incarnation when the present incarnation behind the address ends; at once when there is none. It
// is told once.
func Monitor[M, N any](c *Context[N], to *Ref[M], wrap func(Down) N) {
	p, epoch := c.p, c.epoch
	w := &watcher{tell: func(d Down) { p.urgent(epoch, wrap(d), trace.Message, d.cause) }}
	t := to.target.Load()
	if t == nil || !t.watch(w) {
		w.tell(Down{Name: to.name, Reason: Reason{Kind: ExitShutdown, Term: ErrNoProcess}})
	}
}

func (p *proc) watch(w *watcher) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase != running && p.phase != starting {
		return false
	}
	x := p.ensureExtras()
	x.watchers = append(x.watchers, w)
	return true
}

func (p *proc) tellWatchers(d Down) {
	p.mu.Lock()
	var ws []*watcher
	if p.extras != nil {
		ws, p.extras.watchers = p.extras.watchers, nil
	}
	p.mu.Unlock()
	for _, w := range ws {
		if w.told.CompareAndSwap(false, true) {
			w.tell(d)
		}
	}
}
