package amqpbridge_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"registrar/amqpbridge"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/memory"
)

// dialer wraps or refuses the sessions of a bridge. A nil function does nothing.
type dialer struct {
	link.Dialer
	wrap   func(name string, s link.Session) link.Session
	refuse func(name string) bool
}

func (d *dialer) Dial(ctx context.Context, name string) (link.Session, error) {
	if d.refuse != nil && d.refuse(name) {
		return nil, link.ErrRefused
	}
	s, err := d.Dialer.Dial(ctx, name)
	if err == nil && d.wrap != nil {
		s = d.wrap(name, s)
	}
	return s, err
}

// Ended sessions are garbage: a registrar that lives through many reconnects must not keep them.
func TestEndedSessionsAreCollected(t *testing.T) {
	broker := memory.New()
	var opened, collected atomic.Int64
	type tracked struct{ link.Session }
	b := newBridge(t, &dialer{Dialer: broker, wrap: func(_ string, s link.Session) link.Session {
		opened.Add(1)
		w := &tracked{s}
		runtime.AddCleanup(w, func(struct{}) { collected.Add(1) }, struct{}{})
		return w
	}}, amqpbridge.DefaultSettings(), time.Now)
	awaitReady(t, b)
	failures := func() (n uint64) {
		for _, p := range b.Components() {
			n += p.Failures
		}
		return n
	}
	for range 10 {
		before := failures()
		broker.Cut()
		until(t, "up again", func() bool { return failures() > before && len(b.Reasons()) == 0 })
	}
	const inUse = 6 // two sessions, and those in messages and tasks of the last reconnect
	until(t, "collected", func() bool {
		runtime.GC()
		return opened.Load()-collected.Load() <= inUse
	})
	if opened.Load() < 10 {
		t.Errorf("%d sessions were opened, want at least 10", opened.Load())
	}
}
