package amqpbridge_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"registrar/actors/otp/otptest"
	"registrar/amqpbridge"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/memory"
	"registrar/amqpbridge/wire"
)

// stage is a bridge with settings of a test's own between a broker in memory and actors.
type stage struct {
	*amqpbridge.Bridge
	t      *testing.T
	broker *memory.Broker
	set    amqpbridge.Settings
	// refused says that the bridge may not connect to publish; publish, when it is there, stands before each message that it publishes unconfirmed.
	refused atomic.Bool
	publish func()
	// full says that the broker confirms nothing, and says so at once.
	full atomic.Bool
	// ahead is how many nanoseconds the bridge's clock is ahead.
	ahead atomic.Int64
}

// newStage prepares one; nothing runs before raise. Its queues drop no question however busy the machine is.
func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, broker: memory.New(), set: amqpbridge.DefaultSettings()}
	s.set.Canary, s.set.QueueTTL = 0, time.Hour
	return s
}

// raise starts the bridge and the actors behind it and waits until it is ready.
func (s *stage) raise() {
	s.t.Helper()
	s.Bridge = begin(s.t, s, s.set, func() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) })
	s.ready()
}

func (s *stage) ready() {
	s.t.Helper()
	until(s.t, "ready", func() bool { return len(s.Status.Reasons()) == 0 })
}

// mute cuts the connection to publish and has it refused until refused says otherwise.
func (s *stage) mute() {
	s.t.Helper()
	s.refused.Store(true)
	s.broker.Cut("publishing")
	until(s.t, "down", func() bool { return len(s.Status.Reasons()) > 0 })
}

// Dial connects the bridge.
func (s *stage) Dial(ctx context.Context, name string) (link.Session, error) {
	if name == "publishing" && s.refused.Load() {
		return nil, fmt.Errorf("test: %w", link.ErrRefused)
	}
	session, err := s.broker.Dial(ctx, name)
	if err != nil || name != "publishing" {
		return session, err
	}
	return &stageSession{session, s}, nil
}

type stageSession struct {
	link.Session
	stage *stage
}

func (s *stageSession) Publisher(ctx context.Context, spec link.PublisherSpec) (link.Publisher, error) {
	p, err := s.Session.Publisher(ctx, spec)
	return &stagePublisher{p, s.stage}, err
}

type stagePublisher struct {
	link.Publisher
	stage *stage
}

func (p *stagePublisher) Publish(ctx context.Context, m link.Publishing) error {
	if p.stage.publish != nil {
		p.stage.publish()
	}
	return p.Publisher.Publish(ctx, m)
}

func (p *stagePublisher) PublishConfirmed(ctx context.Context, m link.Publishing, done func(error)) {
	if p.stage.full.Load() {
		done(link.ErrRefused)
		return
	}
	p.Publisher.PublishConfirmed(ctx, m, done)
}

// connect starts a switch on the broker.
func (s *stage) connect() *client.Conn {
	s.t.Helper()
	sw, err := client.Connect(s.t.Context(), s.broker, client.Config{Name: "switch", Generation: wire.Kazoo5})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = sw.Close(context.Background()) })
	return sw
}

// put publishes a body to an exchange.
func (s *stage) put(sw *client.Conn, exchange, key, body string) {
	s.t.Helper()
	if err := sw.Publish(s.t.Context(), exchange, key, []byte(body)); err != nil {
		s.t.Fatal(err)
	}
}

// take takes so many messages off a queue.
func (s *stage) take(queue string, n int) (all []link.Delivery) {
	s.t.Helper()
	session, err := s.broker.Dial(s.t.Context(), "look")
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = session.Close(context.Background()) }()
	in := make(chan link.Delivery, n)
	if _, err := session.Consume(s.t.Context(), link.ConsumerSpec{Queue: queue, Tag: "look", Prefetch: n}, func(d link.Delivery) { in <- d }); err != nil {
		s.t.Fatal(err)
	}
	for range n {
		all = append(all, otptest.Receive(s.t, "message", in))
	}
	return all
}

// retries counts the retries of a consumer.
func (s *stage) retries(consumer string) uint64 {
	for _, c := range s.Tally.Retries() {
		if c.Flow == consumer {
			return c.N
		}
	}
	return 0
}
