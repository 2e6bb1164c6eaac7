package otp

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/trace"
)

// Behaviour is the code of a process. At most one goroutine at a time calls it, so its fields need
// no lock.
type Behaviour[M any] interface {
	// Init prepares an incarnation; the supervisor waits for it. An error or a panic fails the
	// start.
	Init(c *Context[M]) error
	// Handle handles one message. A panic or a runtime.Goexit crashes the incarnation: Terminate
	// runs, held requests fail with a [CrashError], and the supervisor decides.
	Handle(c *Context[M], msg M)
	// Terminate is called once at the end of each incarnation after Init was called, with the
	// reason. A panic in it is ignored. No more messages arrive.
	Terminate(c *Context[M], r Reason)
}

// Stater is a behaviour that shows its state to operators. State must not contain secrets.
type Stater interface{ State() any }

// Context is the interface of one incarnation to the engine. Unless noted, its methods are for the
// goroutine of the process.
type Context[M any] struct {
	p     *proc
	self  atomic.Pointer[Ref[M]] // a dynamic child creates it on first use
	epoch Epoch
}

// Self returns the address of the process. It is safe from any goroutine.
func (c *Context[M]) Self() *Ref[M] {
	if r := c.self.Load(); r != nil {
		return r
	}
	r := &Ref[M]{sys: c.p.sys, name: c.p.name()}
	r.target.Store(c.p)
	c.self.CompareAndSwap(nil, r)
	return c.self.Load()
}

// Epoch returns the epoch of this incarnation. It is safe from any goroutine.
func (c *Context[M]) Epoch() Epoch { return c.epoch }

// Now reads the wall clock. It is safe from any goroutine.
func (c *Context[M]) Now() time.Time { return c.p.sys.clock.Now() }

// Clock returns the system's clock. It is safe from any goroutine.
func (c *Context[M]) Clock() Clock { return c.p.sys.clock }

// Log returns a logger with the name of the process.
func (c *Context[M]) Log() *zerolog.Logger {
	l := c.p.sys.log.With().Str("process", c.p.name()).Logger()
	return &l
}

// Context returns a context that is cancelled when this incarnation ends.
func (c *Context[M]) Context() context.Context {
	p := c.p
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.epoch != c.epoch {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		return ctx
	}
	x := p.ensureExtras()
	if x.ctx == nil {
		x.ctx, x.cancel = context.WithCancel(context.Background())
	}
	return x.ctx
}

// Random returns a number in [0, 1), for jitter. It uses the source of the system, so that a
// simulation can replay it.
func (c *Context[M]) Random() float64 { return c.p.sys.random() }

// After sends msg to this incarnation after d. A later incarnation does not receive it.
func (c *Context[M]) After(d time.Duration, msg M) Timer {
	p, epoch, cause := c.p, c.epoch, c.cause()
	return p.sys.clock.AfterFunc(d, func() { p.urgent(epoch, msg, trace.Timer, cause) })
}

// Enqueue sends msg to this incarnation behind all queued messages, regardless of the bound. A
// batching process uses it as a marker: when the marker arrives, the batch has all earlier
// messages.
func (c *Context[M]) Enqueue(msg M) {
	c.p.enqueue(&envelope{msg: msg, queue: normalQueue, epoch: c.epoch, cause: c.cause()})
}

// Exit ends the process after the current message.
func (c *Context[M]) Exit(r Reason) { c.p.exiting = &r }

// cause returns the id of the current message.
func (c *Context[M]) cause() trace.ID {
	if e := c.p.current; e != nil { // read on the process's own goroutine
		return e.id
	}
	return 0
}

func (c *Context[M]) sender() (trace.ID, external) { return c.cause(), 0 }

// Completion returns a callback that sends its result to this incarnation as a message. It is safe
// from any goroutine. Only the first call counts, and none after the incarnation has ended.
func Completion[M, T any](c *Context[M], wrap func(T, error) M) func(T, error) {
	p, epoch, cause := c.p, c.epoch, c.cause()
	var called atomic.Bool
	return func(v T, err error) {
		if !called.Swap(true) {
			p.urgent(epoch, wrap(v, err), trace.Completion, cause)
		}
	}
}

// Task runs fn on another goroutine and sends its result to this incarnation as a message. The
// context of fn is cancelled when the incarnation ends. A panic in fn becomes an error.
func Task[M, T any](c *Context[M], fn func(context.Context) (T, error), wrap func(T, error) M) {
	ctx, done := c.Context(), Completion(c, wrap)
	c.p.sys.runTask(c.p, func() {
		var (
			v   T
			err error
		)
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("task panicked: %v", r)
			}
			done(v, err)
		}()
		v, err = fn(ctx)
	})
}

// typed is the [body] of a worker with messages of type M.
type typed[M any] struct {
	ref       *Ref[M]
	factory   func() Behaviour[M]
	behaviour Behaviour[M]
	context   *Context[M]
	parent    parent
}

func (*typed[M]) takeQueue([]*envelope) bool { return false }

func (t *typed[M]) report(e childEvent) { t.parent.childEvent(e) }

func (t *typed[M]) incarnate(p *proc, epoch Epoch) {
	t.context = &Context[M]{p: p, epoch: epoch}
	t.context.self.Store(t.ref)
	t.behaviour = nil
}

func (t *typed[M]) init() error {
	t.behaviour = t.factory()
	return t.behaviour.Init(t.context)
}

func (t *typed[M]) handle(msg any) {
	t.behaviour.Handle(t.context, cast[M](t.context.p, msg))
}

func cast[M any](p *proc, msg any) M {
	m, ok := msg.(M)
	if !ok {
		panic(fmt.Sprintf("otp: %s got a %T", p.name(), msg))
	}
	return m
}

func (t *typed[M]) terminate(r Reason) {
	if t.behaviour != nil {
		t.behaviour.Terminate(t.context, r)
	}
}

func (t *typed[M]) state() any { return stateOf(t.behaviour) }
func (t *typed[M]) size() int  { return sizeOf(t.behaviour) }

func sizeOf(behaviour any) int {
	if s, ok := behaviour.(Sizer); ok {
		return s.Size()
	}
	return 0
}

func stateOf(behaviour any) any {
	if s, ok := behaviour.(Stater); ok {
		return s.State()
	}
	return nil
}

func (t *typed[M]) bind(p *proc)   { t.ref.target.Store(p) }
func (t *typed[M]) unbind(p *proc) { t.ref.target.CompareAndSwap(p, nil) }
