package otp

import (
	"context"
	"fmt"
	"sync/atomic"

	"registrar/actors/trace"
)

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
