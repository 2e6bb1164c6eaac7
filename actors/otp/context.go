package otp

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/trace"
)

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
