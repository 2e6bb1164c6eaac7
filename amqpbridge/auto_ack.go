package amqpbridge

import (
	"context"
	"sync"

	"registrar/amqpbridge/link"
)

// autoAckPrefetch bounds the unacknowledged deliveries of an autoAcker.
const autoAckPrefetch = 16

// consumeAutoAck consumes a queue and acknowledges each delivery after handle has returned. The
// consumer is closed when life ends.
func consumeAutoAck(
	ctx, life context.Context, s link.Session, queue string, handle func(link.Delivery),
) (cleanup, error) {
	var acker autoAcker
	spec := link.ConsumerSpec{Queue: queue, Tag: "registrar-canary", Prefetch: autoAckPrefetch}
	consumer, err := s.Consume(ctx, spec, func(d link.Delivery) {
		handle(d)
		acker.ack(d.Tag)
	})
	if err != nil {
		return nil, err
	}
	acker.start(consumer)
	return closeWith(life, func() { closeConsumer(consumer) }), nil //nolint:contextcheck // its context has ended.
}

// autoAcker acknowledges deliveries. Deliveries may arrive before [link.Session.Consume] returns
// the consumer; it keeps their tags until then and never blocks.
type autoAcker struct {
	mu       sync.Mutex
	consumer link.Consumer
	early    []uint64 // tags of deliveries that arrived before the consumer was known
}

func (a *autoAcker) ack(tag uint64) {
	a.mu.Lock()
	if a.consumer == nil {
		a.early = append(a.early, tag)
		a.mu.Unlock()
		return
	}
	consumer := a.consumer
	a.mu.Unlock()
	_ = consumer.Ack(tag, false) // fails only when the session has ended
}

func (a *autoAcker) start(consumer link.Consumer) {
	a.mu.Lock()
	a.consumer = consumer
	early := a.early
	a.mu.Unlock()
	for _, tag := range early {
		_ = consumer.Ack(tag, false) // fails only when the session has ended
	}
}
