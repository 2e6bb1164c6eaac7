package amqpbridge

import (
	"context"
	"sync"

	"registrar/amqpbridge/link"
)

// listen consumes a queue of small things, each of which is acknowledged at once, until life ends.
func listen(ctx, life context.Context, s link.Session, queue string, take func(link.Delivery)) (cleanup, error) {
	var l small
	k, err := s.Consume(ctx, link.ConsumerSpec{Queue: queue, Tag: "registrar-pulse", Prefetch: 16}, func(d link.Delivery) {
		take(d)
		l.ack(d.Tag)
	})
	if err != nil {
		return nil, err
	}
	l.begin(k)
	return closeWith(life, func() { closeConsumer(k) }), nil //nolint:contextcheck // its context has ended.
}

// small acknowledges deliveries. Those that come before the consumer is known wait for it: who hands them over must not.
type small struct {
	mu    sync.Mutex
	k     link.Consumer
	early []uint64
}

func (l *small) ack(tag uint64) {
	l.mu.Lock()
	if l.k == nil {
		l.early = append(l.early, tag)
		l.mu.Unlock()
		return
	}
	k := l.k
	l.mu.Unlock()
	_ = k.Ack(tag, false) // the session has ended
}

func (l *small) begin(k link.Consumer) {
	l.mu.Lock()
	l.k = k
	early := l.early
	l.mu.Unlock()
	for _, tag := range early {
		_ = k.Ack(tag, false) // as above
	}
}
