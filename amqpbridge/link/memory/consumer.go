package memory

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"

	"registrar/amqpbridge/link"
)

// consumer is a subscription. The broker's lock guards it.
type consumer struct {
	s         *session
	q         *queue
	prefetch  int
	exclusive bool
	deliver   func(link.Delivery)
	tag       uint64
	since     uint64 // sequence number of the last message before the consumer
	found     int    // number of messages in the queue before the consumer
	unacked   []unacked
	pending   int // deliveries that are not passed on yet
	stopped   bool
	finished  bool
	done      chan struct{}
}

type unacked struct {
	tag uint64
	m   *message
}

// Consume implements [link.Session].
func (s *session) Consume(ctx context.Context, spec link.ConsumerSpec, deliver func(link.Delivery)) (link.Consumer, error) {
	if spec.Prefetch < 1 || spec.Prefetch > math.MaxUint16 {
		return nil, fmt.Errorf("consume %s: %w: a prefetch of %d", spec.Queue, link.ErrInvalid, spec.Prefetch)
	}
	c := &consumer{s: s, prefetch: spec.Prefetch, exclusive: spec.Exclusive, deliver: deliver, done: make(chan struct{})}
	err := s.use(ctx, "consume "+spec.Queue, func() error {
		q, err := s.queue(spec.Queue)
		if err != nil {
			return err
		}
		if len(q.consumers) > 0 && (c.exclusive || q.consumers[0].exclusive) {
			return fmt.Errorf("%w: it has an exclusive consumer, or would get one", link.ErrAccess)
		}
		c.q, c.since, c.found = q, s.b.seq, len(q.ready)
		q.consumers = append(q.consumers, c)
		s.consumers = append(s.consumers, c)
		q.restartExpiry()
		q.dispatch()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// send delivers a message.
func (c *consumer) send(m *message) {
	c.tag++
	c.unacked = append(c.unacked, unacked{c.tag, m})
	d := link.Delivery{
		Tag: c.tag, Exchange: m.Exchange, Key: m.Key, ContentType: m.ContentType, ContentEncoding: m.ContentEncoding,
		ReplyTo: m.ReplyTo, CorrelationID: m.CorrelationID, Redelivered: m.redelivered,
		Waited: m.redelivered || m.seq <= c.since, Body: bytes.Clone(m.Body),
	}
	d.Headers, _ = link.Headers(m.Headers) // Publish checked them
	c.pending++
	c.s.addCallback(func() {
		if c.s.Err() == nil { // otherwise it is redelivered
			c.deliver(d)
		}
		c.s.b.mu.Lock()
		defer c.s.b.mu.Unlock()
		c.pending--
		c.finish()
	})
}

// detach stops new deliveries. Those that have begun are passed on.
func (c *consumer) detach() {
	if !c.stopped {
		c.stopped = true
		c.q.removeConsumer(c)
	}
}

// finish closes done after the last delivery.
func (c *consumer) finish() {
	if c.stopped && c.pending == 0 && !c.finished {
		c.finished = true
		close(c.done)
	}
}

// requeueAll requeues all unacknowledged messages.
func (c *consumer) requeueAll() {
	for _, h := range c.unacked {
		c.q.requeue(h.m)
	}
	c.unacked = nil
}

// Ack implements [link.Consumer].
func (c *consumer) Ack(tag uint64, multiple bool) error {
	return c.settle("acknowledge", tag, multiple, func(*message) {})
}

// Nack implements [link.Consumer].
func (c *consumer) Nack(tag uint64, requeue bool) error {
	return c.settle("give back", tag, false, func(m *message) {
		if requeue {
			c.q.requeue(m)
		} else {
			c.q.deadLetter(m, "rejected")
		}
	})
}

// settle removes the deliveries of a tag from the unacknowledged ones. As with RabbitMQ, an
// unknown tag ends the session, and the call itself succeeds.
func (c *consumer) settle(what string, tag uint64, multiple bool, f func(*message)) error {
	var err error
	c.s.b.locked(func() {
		if c.s.ended() {
			err = fmt.Errorf("%s: %w", what, link.ErrClosed)
			return
		}
		from := slices.IndexFunc(c.unacked, func(h unacked) bool { return h.tag == tag || multiple && h.tag < tag })
		if !slices.ContainsFunc(c.unacked, func(h unacked) bool { return h.tag == tag }) {
			c.s.end(fmt.Errorf("%w: tag %d is not open", link.ErrConflict, tag))
			return
		}
		to := from + 1
		for multiple && to < len(c.unacked) && c.unacked[to].tag <= tag {
			to++
		}
		settled := slices.Clone(c.unacked[from:to])
		c.unacked = slices.Delete(c.unacked, from, to)
		for _, h := range settled {
			f(h.m)
		}
		c.q.dispatch()
	})
	return err
}

// Cancel implements [link.Consumer].
func (c *consumer) Cancel(ctx context.Context) error {
	c.s.b.locked(func() {
		c.detach()
		c.finish()
	})
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("cancel: %w", ctx.Err())
	}
}

// Close implements [link.Consumer].
func (c *consumer) Close(ctx context.Context) error {
	c.s.b.locked(func() {
		c.detach()
		c.requeueAll()
		c.finish()
		c.q.dispatch()
	})
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close: %w", ctx.Err())
	}
}

// Found implements [link.Consumer].
func (c *consumer) Found() int { return c.found }

// Done is closed after the last delivery.
func (c *consumer) Done() <-chan struct{} { return c.done }
