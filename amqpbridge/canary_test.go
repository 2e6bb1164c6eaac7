package amqpbridge_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"registrar/actors/domain"
	"registrar/amqpbridge"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/memory"
)

// unboundSession binds nothing to the authn queue.
type unboundSession struct{ link.Session }

func (s unboundSession) Apply(ctx context.Context, t link.Topology) error {
	t.Bindings = slices.DeleteFunc(slices.Clone(t.Bindings), func(b link.Binding) bool {
		return b.Queue == "registrar.authn"
	})
	return s.Session.Apply(ctx, t)
}

// While renewed sessions do not help, the canary stays down, also between two renewals. It is up
// again after the first answer.
func TestCanaryIsDownUntilAnswered(t *testing.T) {
	broker := memory.New()
	set := amqpbridge.DefaultSettings()
	set.Canary = 50 * time.Millisecond
	var unbound atomic.Bool
	unbound.Store(true)
	b := newBridge(t, &dialer{Dialer: broker, wrap: func(_ string, s link.Session) link.Session {
		if unbound.Load() {
			return &unboundSession{s}
		}
		return s
	}}, set, time.Now)
	until(t, "renewed three times", func() bool { return count(b, "canary", "renewed") >= 3 })
	components := b.Components()
	i := slices.IndexFunc(components, func(p domain.Component) bool { return p.Name == "canary" })
	if p := components[i]; p.Reason == "" || p.Failures != 1 {
		t.Errorf("%d failures with reason %q, want one with a reason", p.Failures, p.Reason)
	}
	if n := count(b, "canary", "answered"); n > 0 {
		t.Errorf("%d requests were answered", n)
	}
	unbound.Store(false)
	awaitReady(t, b)
}
