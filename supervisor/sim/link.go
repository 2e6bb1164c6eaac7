package sim

import (
	"context"
	"maps"
	"slices"

	"registrar/amqpbridge/link"
)

// witness stands between the bridge and the broker and sees every acknowledgement before the broker does.
type witness struct {
	link.Dialer
	acked func(queue string, body []byte)
}

// Dial connects.
func (w witness) Dial(ctx context.Context, name string) (link.Session, error) {
	s, err := w.Dialer.Dial(ctx, name)
	if err != nil {
		return nil, err //nolint:wrapcheck // the broker's own.
	}
	return &witnessed{s, w.acked}, nil // sessions are compared
}

type witnessed struct {
	link.Session
	acked func(queue string, body []byte)
}

// Consume keeps what is in hand, for its acknowledgement to be understood.
func (s *witnessed) Consume(ctx context.Context, spec link.ConsumerSpec, deliver func(link.Delivery)) (link.Consumer, error) {
	open := map[uint64][]byte{}
	c, err := s.Session.Consume(ctx, spec, func(d link.Delivery) {
		open[d.Tag] = d.Body
		deliver(d)
	})
	if err != nil {
		return nil, err //nolint:wrapcheck // the broker's own.
	}
	return &consumer{Consumer: c, queue: spec.Queue, open: open, acked: s.acked}, nil
}

type consumer struct {
	link.Consumer
	queue string
	open  map[uint64][]byte
	acked func(queue string, body []byte)
}

// Ack tells of each delivery that is acknowledged with it.
func (c *consumer) Ack(tag uint64, multiple bool) error {
	if err := c.Consumer.Ack(tag, multiple); err != nil {
		return err //nolint:wrapcheck // the broker's own.
	}
	for _, t := range slices.Sorted(maps.Keys(c.open)) {
		if t == tag || multiple && t < tag {
			c.acked(c.queue, c.open[t])
			delete(c.open, t)
		}
	}
	return nil
}
