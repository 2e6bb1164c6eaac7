package otp

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/trace"
)

// Behaviour is what a process does. One goroutine at a time runs it; what it holds needs no lock.
type Behaviour[M any] interface {
	// Init prepares an incarnation and is awaited by whoever starts the process. An error or a panic fails the start.
	Init(c *Context[M]) error
	// Handle takes one message. A panic, or a runtime.Goexit, is a crash of the incarnation: Terminate runs, what it holds
	// is answered with a [CrashError], and the supervisor decides.
	Handle(c *Context[M], msg M)
	// Terminate is called once at the end of each incarnation whose Init has been called, with the reason. A panic in it is
	// ignored. It must not rely on messages: none come any more.
	Terminate(c *Context[M], r Reason)
}

// Stater is a behaviour that shows its state to an operator, without secrets.
type Stater interface{ State() any }

// Context is one incarnation's view of itself. Except where noted its methods are for the process's own goroutine.
type Context[M any] struct {
	p     *proc
	self  atomic.Pointer[Ref[M]] // a child of a family has one when somebody has asked for it
	epoch Epoch
}

// Self returns the process's address. Safe from any goroutine.
func (c *Context[M]) Self() *Ref[M] {
	if r := c.self.Load(); r != nil {
		return r
	}
	r := &Ref[M]{sys: c.p.sys, name: c.p.name()}
	r.target.Store(c.p)
	c.self.CompareAndSwap(nil, r)
	return c.self.Load()
}

// Epoch returns the number of this incarnation. Safe from any goroutine.
func (c *Context[M]) Epoch() Epoch { return c.epoch }

// Now reads the wall clock. Safe from any goroutine.
func (c *Context[M]) Now() time.Time { return c.p.sys.clock.Now() }

// Clock returns the system's clock. Safe from any goroutine.
func (c *Context[M]) Clock() Clock { return c.p.sys.clock }

// Log returns a logger that names the process.
func (c *Context[M]) Log() *zerolog.Logger {
	l := c.p.sys.log.With().Str("process", c.p.name()).Logger()
	return &l
}

// Context returns a context that ends with this incarnation.
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

// Random returns a number from 0 up to 1, for jitter: the system's own, so that a simulation can play it again.
func (c *Context[M]) Random() float64 { return c.p.sys.random() }

// After sends msg to this incarnation once d has passed; a later incarnation does not get it.
func (c *Context[M]) After(d time.Duration, msg M) Timer {
	p, epoch, cause := c.p, c.epoch, c.cause()
	return p.sys.clock.AfterFunc(d, func() { p.urgent(epoch, msg, trace.Timer, cause) })
}

// Enqueue sends msg to this incarnation behind everything that is queued, whatever the bound: whoever collects work sends itself
// the word to do it, and has collected all that waited when the word arrives.
func (c *Context[M]) Enqueue(msg M) {
	c.p.enqueue(&envelope{msg: msg, queue: normalQueue, epoch: c.epoch, cause: c.cause()})
}

// Exit ends the process after the message in hand.
func (c *Context[M]) Exit(r Reason) { c.p.exiting = &r }

// cause is the message in hand.
func (c *Context[M]) cause() trace.ID {
	if e := c.p.current; e != nil { // its own goroutine's to read
		return e.id
	}
	return 0
}

func (c *Context[M]) sender() (trace.ID, external) { return c.cause(), 0 }

// Completion makes a callback that sends its result to this incarnation as a message. It may be called from any goroutine; only the
// first call counts, and none once the incarnation is over.
func Completion[M, T any](c *Context[M], wrap func(T, error) M) func(T, error) {
	p, epoch, cause := c.p, c.epoch, c.cause()
	var called atomic.Bool
	return func(v T, err error) {
		if !called.Swap(true) {
			p.urgent(epoch, wrap(v, err), trace.Completion, cause)
		}
	}
}

// Task runs fn in a goroutine whose context ends with this incarnation, and sends the result to it as a message. A panic in fn is an
// error.
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

// typed is the body of a process with messages of type M.
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
