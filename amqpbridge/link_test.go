package amqpbridge_test

import (
	"context"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"registrar/actors/domain"
	"registrar/amqpbridge"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/memory"
)

// dialer stands between a bridge and its broker: it wraps sessions, or refuses to make them. A nil function leaves things as they are.
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

// A broker comes and goes many times in the life of a registrar, which must not remember the sessions that have ended.
func TestEndedSessionsAreForgotten(t *testing.T) {
	broker := memory.New()
	var made, freed atomic.Int64
	type tracked struct{ link.Session }
	b := start(t, &dialer{Dialer: broker, wrap: func(_ string, s link.Session) link.Session {
		made.Add(1)
		w := &tracked{s}
		runtime.AddCleanup(w, func(struct{}) { freed.Add(1) }, struct{}{})
		return w
	}})
	failures := func() (n uint64) {
		for _, p := range b.Status.Components() {
			n += p.Failures
		}
		return n
	}
	for range 10 {
		before := failures()
		broker.Cut()
		until(t, "up again", func() bool { return failures() > before && len(b.Status.Reasons()) == 0 })
	}
	const inUse = 6 // two, and those that messages and tasks of the last round still name
	until(t, "forgotten", func() bool {
		runtime.GC()
		return made.Load()-freed.Load() <= inUse
	})
	if made.Load() < 10 {
		t.Errorf("%d sessions were made", made.Load())
	}
}

// deaf is a session that binds the questions' queue to nothing.
type deaf struct{ link.Session }

func (s deaf) Apply(ctx context.Context, t link.Topology) error {
	t.Bindings = slices.DeleteFunc(slices.Clone(t.Bindings), func(b link.Binding) bool { return b.Queue == "registrar.authn" })
	return s.Session.Apply(ctx, t)
}

// New sessions do not heal everything: as long as nothing is answered the bridge says so, also between one renewal and the next.
func TestSilentDeathIsSaidUntilSomethingIsAnswered(t *testing.T) {
	broker := memory.New()
	set := amqpbridge.DefaultSettings()
	set.Canary = 50 * time.Millisecond
	var deafened atomic.Bool
	deafened.Store(true)
	b := begin(t, &dialer{Dialer: broker, wrap: func(_ string, s link.Session) link.Session {
		if deafened.Load() {
			return &deaf{s}
		}
		return s
	}}, set)
	until(t, "noticed a few times", func() bool { return b.Tally.Get("canary", "renewed") >= 3 })
	i := slices.IndexFunc(b.Status.Components(), func(p domain.Component) bool { return p.Name == "canary" })
	if p := b.Status.Components()[i]; p.Reason == "" || p.Failures != 1 {
		t.Errorf("it is said to have begun %d times, and now: %q", p.Failures, p.Reason)
	}
	if n := b.Tally.Get("canary", "answered"); n > 0 {
		t.Errorf("%d were answered", n)
	}
	deafened.Store(false)
	until(t, "healed", func() bool { return len(b.Status.Reasons()) == 0 })
}
