package rabbit

import (
	"context"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"

	"registrar/amqpbridge/link"
)

// consumer is a consumer on a channel of its own.
type consumer struct {
	s    *session
	ch   *amqp.Channel
	tag  string
	over chan struct{} // closed when deliver is not called any more
}

// Consume starts a consumer: prefetch first, then consume.
func (s *session) Consume(ctx context.Context, spec link.ConsumerSpec, deliver func(link.Delivery)) (link.Consumer, error) {
	ch, err := s.channel(ctx)
	if err != nil {
		return nil, err
	}
	s.follow(ch)
	cancelled := ch.NotifyCancel(make(chan string, 1))
	var deliveries <-chan amqp.Delivery
	err = s.guarded(ctx, "consume "+spec.Queue, func() error {
		if err := ch.Qos(spec.Prefetch, 0, false); err != nil {
			return err //nolint:wrapcheck // wrapped by guarded.
		}
		deliveries, err = ch.Consume(spec.Queue, spec.Tag, false, spec.Exclusive, false, false, nil)
		return err //nolint:wrapcheck // as above.
	})
	if err != nil {
		return nil, err //nolint:wrapcheck // wrapped by guarded.
	}
	c := &consumer{s: s, ch: ch, tag: spec.Tag, over: make(chan struct{})}
	go c.pump(deliveries, cancelled, deliver)
	return c, nil
}

// pump hands deliveries over until there are no more. A queue that is deleted only shows as a cancel by the broker.
func (c *consumer) pump(deliveries <-chan amqp.Delivery, cancelled <-chan string, deliver func(link.Delivery)) {
	defer close(c.over)
	for d := range deliveries {
		deliver(link.Delivery{
			Tag: d.DeliveryTag, Exchange: d.Exchange, Key: d.RoutingKey, Headers: d.Headers, ContentType: d.ContentType,
			ContentEncoding: d.ContentEncoding, Redelivered: d.Redelivered, Body: d.Body,
		})
	}
	select {
	case tag, ok := <-cancelled:
		if ok {
			c.s.end(fmt.Errorf("%w: the broker cancelled consumer %s", link.ErrClosed, tag))
		}
	default:
	}
}

// Ack acknowledges.
func (c *consumer) Ack(tag uint64, multiple bool) error {
	if err := c.ch.Ack(tag, multiple); err != nil {
		return fmt.Errorf("acknowledge: %w", err)
	}
	return nil
}

// Cancel stops the deliveries and waits for the last one.
func (c *consumer) Cancel(ctx context.Context) error {
	err := c.s.guarded(ctx, "cancel", func() error { return c.ch.Cancel(c.tag, false) })
	select {
	case <-c.over:
	case <-c.s.done:
	}
	return err
}

// Close gives the channel up.
func (c *consumer) Close(ctx context.Context) error {
	return c.s.guarded(ctx, "close a channel", c.ch.Close)
}
