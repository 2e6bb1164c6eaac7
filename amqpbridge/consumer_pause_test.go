package amqpbridge_test

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp/otptest"
	"registrar/amqpbridge"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/memory"
	"registrar/amqpbridge/wire"
)

// publishingLink can lose the publishing connections that were made through it, while those of
// other registrars on the broker stay.
type publishingLink struct {
	*dialer
	refused  atomic.Bool
	mu       sync.Mutex
	sessions []link.Session
}

func newPublishingLink(broker link.Dialer) *publishingLink {
	l := &publishingLink{}
	l.dialer = &dialer{
		Dialer: broker,
		refuse: func(name string) bool { return name == "publishing" && l.refused.Load() },
		wrap: func(name string, s link.Session) link.Session {
			l.mu.Lock()
			defer l.mu.Unlock()
			if name == "publishing" {
				l.sessions = append(l.sessions, s)
			}
			return s
		},
	}
	return l
}

func (l *publishingLink) lose() {
	l.refused.Store(true)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.sessions {
		_ = s.Close(context.Background())
	}
}

// One of two registrars on a broker loses its publishing connection. It then leaves requests to
// the other, which answers all of them, and still takes reports. After reconnecting it answers
// again.
func TestRegistrarWithoutPublishingLeavesRequests(t *testing.T) {
	broker := memory.New()
	set := amqpbridge.DefaultSettings()
	set.Canary, set.NotFound = 0, "error"
	set.QueueTTL, set.ReplyDeadline = time.Minute, time.Minute // a busy machine must answer as well
	set2 := set
	set2.RegistrationQueue = "registrar.registrations.two"
	lossy := newPublishingLink(broker)
	one, two := newBridge(t, broker, set, time.Now), newBridge(t, lossy, set2, time.Now)
	awaitReady(t, one)
	awaitReady(t, two)
	c := connect(t, broker)
	request := func() {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), otptest.Timeout)
		defer cancel()
		if m, err := c.Authn(ctx, "acme.test", "100"); err != nil {
			t.Fatalf("request lost: %v; outcomes %v and %v", err, one.Outcomes(), two.Outcomes())
		} else if _, ok := m.(*wire.AuthnError); !ok {
			t.Fatalf("got a %T", m)
		}
	}
	answered := func(b *amqpbridge.Bridge) uint64 { return count(b, "authn", "not_found") }
	requests := func(n, total uint64) {
		t.Helper()
		for range n {
			request()
		}
		// A reply is counted after it was handed to the publisher.
		until(t, "counted", func() bool { return answered(one)+answered(two) == total })
	}
	requests(10, 10)
	if answered(one) == 0 || answered(two) == 0 {
		t.Errorf("%d and %d answered, want some of each", answered(one), answered(two))
	}

	lossy.lose()
	until(t, "down", func() bool {
		return slices.ContainsFunc(two.Components(), func(p domain.Component) bool {
			return p.Name == "publishing" && p.Reason != ""
		})
	})
	before := answered(two)
	requests(20, 30)
	if answered(two) != before {
		t.Error("the registrar without a publishing connection takes requests")
	}
	for i := range 5 {
		report(t, c, strconv.Itoa(i))
	}
	until(t, "registered", func() bool { return count(two, "registrations", "registered") == 5 })

	lossy.refused.Store(false)
	awaitReady(t, two)
	until(t, "answering again", func() bool { request(); return answered(two) > before })
}
