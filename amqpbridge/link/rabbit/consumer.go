package rabbit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"

	amqp "github.com/rabbitmq/amqp091-go"

	"registrar/amqpbridge/link"
)

// consumer is the only consumer of its channel, so that multiple does not affect others. Its
// goroutine calls deliver until the library closes the deliveries: after a cancel, and at the end
// of the channel.
type consumer struct {
	s          *session
	ch         *amqp.Channel
	tag        string
	cancelled  atomic.Bool
	done       chan struct{}
	found      int // messages in the queue before the consumer
	waitedLeft int // remaining deliveries of those; only the consumer's goroutine writes it
}

// Consume implements [link.Session].
func (s *session) Consume(ctx context.Context, spec link.ConsumerSpec, deliver func(link.Delivery)) (link.Consumer, error) {
	if spec.Prefetch < 1 || spec.Prefetch > math.MaxUint16 {
		return nil, fmt.Errorf("consume %s: %w: a prefetch of %d", spec.Queue, link.ErrInvalid, spec.Prefetch)
	}
	var c *consumer
	err := retryNotFound(ctx, s.isDeclared(spec.Queue, ""), func() (err error) {
		c, err = s.consume(ctx, spec, deliver)
		return err
	})
	if err != nil {
		s.fail(err)
		return nil, fmt.Errorf("consume %s: %w", spec.Queue, err)
	}
	return c, nil
}

func (s *session) consume(ctx context.Context, spec link.ConsumerSpec, deliver func(link.Delivery)) (*consumer, error) {
	ch, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	closed := ch.NotifyClose(make(chan *amqp.Error, 1))
	c := &consumer{s: s, ch: ch, tag: cmp.Or(spec.Tag, "consumer"), done: make(chan struct{})}
	var deliveries <-chan amqp.Delivery
	err = s.call(ctx, func() (err error) {
		if err = ch.Qos(spec.Prefetch, 0, false); err != nil {
			return err //nolint:wrapcheck // session.call wraps it.
		}
		q, err := ch.QueueDeclarePassive(s.QueueName(spec.Queue), false, false, false, false, nil) // a passive declare ignores the flags
		if err != nil {
			return err //nolint:wrapcheck // session.call wraps it.
		}
		c.found, c.waitedLeft = q.Messages, q.Messages
		deliveries, err = ch.Consume(s.QueueName(spec.Queue), c.tag, false, spec.Exclusive, false, false, nil)
		return err //nolint:wrapcheck // session.call wraps it.
	})
	if err != nil {
		return nil, err
	}
	if !s.start(func() { s.watchChannel(closed) }) || !s.start(func() { c.run(deliveries, deliver) }) {
		return nil, s.Err()
	}
	s.mu.Lock()
	s.consumers = append(s.consumers, c)
	s.mu.Unlock()
	return c, nil
}

// watchChannel ends the session when the broker closes one of its channels.
func (s *session) watchChannel(closed <-chan *amqp.Error) {
	if e, ok := <-closed; ok {
		s.fail(wrap(e))
	}
}

func (c *consumer) run(deliveries <-chan amqp.Delivery, deliver func(link.Delivery)) {
	defer close(c.done)
	for d := range deliveries {
		select {
		case <-c.s.done: // it is redelivered
		default:
			in := delivery(&d)
			in.Waited = in.Redelivered || c.waitedLeft > 0
			c.waitedLeft--
			deliver(in)
		}
	}
	if !c.cancelled.Load() && !c.ch.IsClosed() { // watchChannel reports closed channels
		c.s.fail(link.ErrCancelled)
	}
}

// Ack implements [link.Consumer].
func (c *consumer) Ack(tag uint64, multiple bool) error {
	return c.settle("acknowledge", func() error { return c.ch.Ack(tag, multiple) })
}

// Nack implements [link.Consumer].
func (c *consumer) Nack(tag uint64, requeue bool) error {
	return c.settle("give back", func() error { return c.ch.Nack(tag, false, requeue) })
}

func (c *consumer) settle(what string, f func() error) error {
	if c.s.Err() != nil {
		return fmt.Errorf("%s: %w", what, link.ErrClosed)
	}
	err := wrap(f())
	if err == nil {
		return nil
	}
	if !errors.Is(err, link.ErrClosed) {
		c.s.fail(err)
	}
	return fmt.Errorf("%s: %w: %w", what, link.ErrClosed, err)
}

// Cancel implements [link.Consumer].
func (c *consumer) Cancel(ctx context.Context) error {
	if !c.cancelled.Swap(true) {
		if err := c.s.call(ctx, func() error { return c.ch.Cancel(c.tag, false) }); err != nil {
			c.s.fail(err)
			return fmt.Errorf("cancel: %w", err)
		}
	}
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("cancel: %w", ctx.Err())
	}
}

// Close implements [link.Consumer].
func (c *consumer) Close(ctx context.Context) error {
	c.cancelled.Store(true)
	if err := c.s.call(ctx, c.ch.Close); err != nil {
		c.s.fail(err)
		return fmt.Errorf("close: %w", err)
	}
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close: %w", ctx.Err())
	}
}

// Found implements [link.Consumer].
func (c *consumer) Found() int { return c.found }

// Done implements [link.Consumer].
func (c *consumer) Done() <-chan struct{} { return c.done }
