package loop

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"registrar/amqpbridge/link"
)

// session is one connection. The broker's mutex guards it.
type session struct {
	b         *Broker
	done      chan struct{}
	err       error
	consumers []*consumer
}

// Apply declares and binds.
func (s *session) Apply(_ context.Context, t link.Topology) error {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	for _, e := range t.Exchanges {
		if _, there := s.b.exchanges[e.Name]; !there {
			s.b.exchanges[e.Name] = e.Kind
		}
	}
	for _, q := range t.Queues {
		if s.b.queues[q.Name] != nil {
			continue
		}
		made := &queue{spec: q}
		if q.Exclusive {
			made.owner = s
		}
		s.b.queues[q.Name] = made
	}
	for _, x := range t.Bindings {
		if s.b.queues[x.Queue] == nil {
			return fmt.Errorf("bind: there is no queue %s", x.Queue)
		}
		s.b.bindings[x] = true
	}
	return nil
}

// Done is closed when the session has ended.
func (s *session) Done() <-chan struct{} { return s.done }

// Err says why it has ended.
func (s *session) Err() error {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	return s.err
}

// Close ends the session and waits until its consumers deliver nothing more.
func (s *session) Close(context.Context) error {
	s.b.mu.Lock()
	s.b.end(s, link.ErrClosed)
	consumers := slices.Clone(s.consumers)
	s.b.mu.Unlock()
	for _, c := range consumers {
		<-c.over
	}
	return nil
}

// consumer is one consumer. The broker's mutex guards it.
type consumer struct {
	s       *session
	q       *queue
	spec    link.ConsumerSpec
	next    uint64
	unacked []held
	out     []link.Delivery
	wake    *sync.Cond
	stopped bool
	over    chan struct{}
}

// held is a delivery that is not acknowledged.
type held struct {
	tag uint64
	m   *message
}

// Consume starts a consumer.
func (s *session) Consume(_ context.Context, spec link.ConsumerSpec, deliver func(link.Delivery)) (link.Consumer, error) {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	q := s.b.queues[spec.Queue]
	if s.err != nil || q == nil {
		why := fmt.Errorf("%w: there is no queue %s", link.ErrClosed, spec.Queue)
		s.b.end(s, why) // as the real one: a channel error ends the session
		return nil, why
	}
	c := &consumer{s: s, q: q, spec: spec, wake: sync.NewCond(&s.b.mu), over: make(chan struct{})}
	s.consumers = append(s.consumers, c)
	q.consumers = append(q.consumers, c)
	go c.pump(deliver)
	q.serve()
	return c, nil
}

// pump hands deliveries over outside of the lock.
func (c *consumer) pump(deliver func(link.Delivery)) {
	defer close(c.over)
	c.s.b.mu.Lock()
	defer c.s.b.mu.Unlock()
	for {
		for len(c.out) == 0 && !c.stopped {
			c.wake.Wait()
		}
		if len(c.out) == 0 || c.s.err != nil {
			return
		}
		d := c.out[0]
		c.out = c.out[1:]
		c.s.b.mu.Unlock()
		deliver(d)
		c.s.b.mu.Lock()
	}
}

func (c *consumer) take(m *message) {
	c.next++
	c.unacked = append(c.unacked, held{tag: c.next, m: m})
	c.out = append(c.out, link.Delivery{
		Tag: c.next, Exchange: m.exchange, Key: m.key, Headers: m.p.Headers, ContentType: m.p.ContentType,
		Redelivered: m.redelivered, Body: m.p.Body,
	})
	c.wake.Signal()
}

// Ack acknowledges. A tag that is not in hand ends the session, as the real broker does.
func (c *consumer) Ack(tag uint64, multiple bool) error {
	c.s.b.mu.Lock()
	defer c.s.b.mu.Unlock()
	if c.s.err != nil {
		return c.s.err
	}
	before := len(c.unacked)
	c.unacked = slices.DeleteFunc(c.unacked, func(h held) bool { return h.tag == tag || multiple && h.tag <= tag })
	if len(c.unacked) == before {
		err := fmt.Errorf("%w: unknown delivery tag %d", link.ErrClosed, tag)
		c.s.b.end(c.s, err)
		return err
	}
	c.q.serve()
	return nil
}

// Cancel stops the deliveries. What is in hand can still be acknowledged.
func (c *consumer) Cancel(context.Context) error {
	c.s.b.mu.Lock()
	c.leave()
	c.s.b.mu.Unlock()
	<-c.over
	return nil
}

// Close gives back what is in hand.
func (c *consumer) Close(context.Context) error {
	c.s.b.mu.Lock()
	c.out = nil
	c.s.b.drop(c)
	c.s.b.mu.Unlock()
	<-c.over
	return nil
}

func (c *consumer) leave() {
	c.q.consumers = slices.DeleteFunc(c.q.consumers, func(x *consumer) bool { return x == c })
	c.stopped = true
	c.wake.Signal()
}

// drop ends a consumer: what it holds goes back to the front of its queue, in order.
func (b *Broker) drop(c *consumer) {
	c.leave()
	back := make([]*message, 0, len(c.unacked))
	for _, h := range c.unacked {
		h.m.redelivered = true
		back = append(back, h.m)
	}
	c.unacked = nil
	c.q.ready = append(back, c.q.ready...)
	if b.queues[c.q.spec.Name] == c.q {
		c.q.serve()
	}
}

// publisher publishes on a session.
type publisher struct {
	s    *session
	spec link.PublisherSpec
}

// Publisher makes a publisher.
func (s *session) Publisher(_ context.Context, spec link.PublisherSpec) (link.Publisher, error) {
	if err := s.Err(); err != nil {
		return nil, err
	}
	return &publisher{s: s, spec: spec}, nil
}

// Publish routes a message.
func (p *publisher) Publish(_ context.Context, m link.Publishing) error {
	err := p.publish(m)
	if err == link.ErrUnroutable { //nolint:errorlint // our own, unwrapped.
		if p.spec.OnReturn != nil {
			p.spec.OnReturn(m)
		}
		return nil
	}
	return err
}

// PublishConfirmed routes a message and says what became of it.
func (p *publisher) PublishConfirmed(_ context.Context, m link.Publishing, done func(error)) {
	done(p.publish(m))
}

func (p *publisher) publish(m link.Publishing) error {
	b := p.s.b
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.s.err != nil {
		return p.s.err
	}
	if _, there := b.exchanges[m.Exchange]; !there {
		err := fmt.Errorf("%w: there is no exchange %s", link.ErrClosed, m.Exchange)
		b.end(p.s, err)
		return err
	}
	if !b.put(m.Exchange, m.Key, m) && m.Mandatory {
		return link.ErrUnroutable
	}
	return nil
}
