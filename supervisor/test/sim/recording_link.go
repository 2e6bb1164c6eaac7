package sim

import (
	"context"
	"maps"
	"slices"
	"strings"

	"registrar/amqpbridge/link"
)

// recordingDialer stands between the bridge and the broker and sees each acknowledgement before
// the broker does.
type recordingDialer struct {
	link.Dialer
	acked    func(queue string, body []byte)
	returned func(link.Publishing) // called with each message that the broker returns
	faults   *linkFaults
}

// linkFaults are faults of a link that a real broker shows only in rare states.
type linkFaults struct {
	refuseConsume   map[string]bool // queues whose next basic.consume is refused while the session lives on
	refuseAlias     string          // alias of a server-named queue, as in refuseConsume
	refusePublisher bool            // the next publisher is refused
	dropCanary      bool            // canary requests are lost
}

// Dial connects.
func (w recordingDialer) Dial(ctx context.Context, name string) (link.Session, error) {
	s, err := w.Dialer.Dial(ctx, name)
	if err != nil {
		return nil, err
	}
	return &recordingSession{s, w.acked, w.returned, w.faults}, nil // a pointer: sessions are compared
}

type recordingSession struct {
	link.Session
	acked    func(queue string, body []byte)
	returned func(link.Publishing)
	faults   *linkFaults
}

// Publisher opens a publisher that may lose canary requests.
func (s *recordingSession) Publisher(ctx context.Context, spec link.PublisherSpec) (link.Publisher, error) {
	if s.faults.refusePublisher {
		s.faults.refusePublisher = false
		return nil, link.ErrInvalid
	}
	if tell := spec.OnReturn; tell != nil {
		spec.OnReturn = func(m link.Publishing) {
			s.returned(m)
			tell(m)
		}
	}
	p, err := s.Session.Publisher(ctx, spec)
	return &lossyPublisher{p, s.faults}, err
}

type lossyPublisher struct {
	link.Publisher
	faults *linkFaults
}

// Publish sends a message.
func (p *lossyPublisher) Publish(ctx context.Context, m link.Publishing) error {
	if p.faults.dropCanary && strings.Contains(m.Key, "canary") {
		return nil
	}
	return p.Publisher.Publish(ctx, m)
}

// Consume remembers the unacknowledged deliveries, to know which ones an acknowledgement covers.
func (s *recordingSession) Consume(ctx context.Context, spec link.ConsumerSpec, deliver func(link.Delivery)) (link.Consumer, error) {
	if s.faults.refuseConsume[spec.Queue] {
		delete(s.faults.refuseConsume, spec.Queue)
		return nil, link.ErrInvalid
	}
	if alias := s.faults.refuseAlias; alias != "" && spec.Queue == s.QueueName(alias) {
		s.faults.refuseAlias = ""
		return nil, link.ErrInvalid
	}
	open := map[uint64][]byte{}
	c, err := s.Session.Consume(ctx, spec, func(d link.Delivery) {
		open[d.Tag] = d.Body
		deliver(d)
	})
	if err != nil {
		return nil, err
	}
	return &recordingConsumer{Consumer: c, queue: spec.Queue, open: open, acked: s.acked}, nil
}

type recordingConsumer struct {
	link.Consumer
	queue string
	open  map[uint64][]byte
	acked func(queue string, body []byte)
}

// Ack records each delivery that the acknowledgement covers.
func (c *recordingConsumer) Ack(tag uint64, multiple bool) error {
	if err := c.Consumer.Ack(tag, multiple); err != nil {
		return err
	}
	for _, t := range slices.Sorted(maps.Keys(c.open)) {
		if t == tag || multiple && t < tag {
			c.acked(c.queue, c.open[t])
			delete(c.open, t)
		}
	}
	return nil
}
