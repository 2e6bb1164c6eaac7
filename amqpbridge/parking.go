package amqpbridge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"registrar/amqpbridge/link"
)

// Disposition decides what happens to a parked message.
type Disposition uint8

// Dispositions of a parked message.
const (
	// Keep leaves the message in its parking queue.
	Keep Disposition = iota
	// Retry publishes the message again as it arrived, and removes it when the broker has
	// confirmed.
	Retry
	// Drop removes the message.
	Drop
)

const (
	// parkingIdle is how long no delivery must arrive after the found messages for the queue to
	// count as read. parkingPatience is the longest wait for each of the found messages.
	parkingIdle     = 300 * time.Millisecond
	parkingPatience = 10 * time.Second
	// parkingReads is the number of attempts on a queue that seems empty: RabbitMQ reports 0 for
	// a quorum queue that it cannot count within 250 ms.
	parkingReads = 2
	// parkingWindow limits the messages of one visit.
	parkingWindow = 10_000
)

// errParkingIncomplete means that the broker counts more parked messages than it delivers.
var errParkingIncomplete = errors.New("the broker does not deliver all parked messages")

// Parking reads the parking queues on a broker. It is not safe for concurrent use.
type Parking struct {
	session   link.Session
	publisher link.Publisher
}

// OpenParking connects to the broker.
func OpenParking(ctx context.Context, d link.Dialer) (*Parking, error) {
	s, err := d.Dial(ctx, "registrar-parked")
	if err != nil {
		return nil, err
	}
	publisher, err := s.Publisher(ctx, link.PublisherSpec{})
	if err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	return &Parking{session: s, publisher: publisher}, nil
}

// Close closes the connection.
func (p *Parking) Close(ctx context.Context) error { return p.session.Close(ctx) }

// Visit calls decide with each message of a parking queue, the oldest first and at most 10,000,
// and carries out its disposition. A retried message stays in its queue until the broker has
// confirmed it, so that none is lost.
func (p *Parking) Visit(ctx context.Context, queue string, decide func(ParkedMessage) Disposition) error {
	for range parkingReads {
		empty, err := p.read(ctx, queue, decide)
		if err != nil || !empty {
			return err
		}
	}
	return nil
}

// read reads the queue once. It reports whether the broker counted and delivered nothing.
func (p *Parking) read(
	ctx context.Context, queue string, decide func(ParkedMessage) Disposition,
) (empty bool, err error) {
	in := make(chan link.Delivery, parkingWindow)
	spec := link.ConsumerSpec{Queue: queue, Tag: "registrar-parked", Prefetch: parkingWindow}
	consumer, err := p.session.Consume(ctx, spec, func(d link.Delivery) { in <- d })
	if err != nil {
		return false, fmt.Errorf("%s: %w", queue, err)
	}
	defer func() { err = errors.Join(err, consumer.Close(context.WithoutCancel(ctx))) }()
	// Collect everything first: a retried message may be parked again.
	messages, err := p.collect(ctx, consumer, in)
	if err != nil {
		return false, fmt.Errorf("%s: %w", queue, err)
	}
	for _, d := range messages {
		if err := p.apply(ctx, consumer, d, decide(parkedMessage(queue, d))); err != nil {
			return false, err
		}
	}
	return len(messages) == 0 && consumer.Found() == 0, nil
}

// collect receives the messages of the queue.
func (p *Parking) collect(
	ctx context.Context, c link.Consumer, in <-chan link.Delivery,
) (messages []link.Delivery, err error) {
	for len(messages) < parkingWindow {
		complete, wait := len(messages) >= c.Found(), parkingPatience
		if complete {
			wait = parkingIdle
		}
		select {
		case d := <-in:
			messages = append(messages, d)
		case <-time.After(wait):
			if complete {
				return messages, nil
			}
			return nil, fmt.Errorf("%w: %d of %d arrived", errParkingIncomplete, len(messages), c.Found())
		case <-c.Done():
			return nil, p.session.Err()
		case <-ctx.Done():
			return nil, fmt.Errorf("read parked messages: %w", context.Cause(ctx))
		}
	}
	return messages, nil
}

// apply carries out a disposition.
func (p *Parking) apply(ctx context.Context, c link.Consumer, d link.Delivery, v Disposition) error {
	switch v {
	case Keep:
		return nil
	case Retry:
		if err := p.retry(ctx, parkedMessage("", d)); err != nil {
			return err
		}
	case Drop:
	}
	return c.Ack(d.Tag, false)
}

// retry publishes a message as it arrived and waits for the confirm.
func (p *Parking) retry(ctx context.Context, m ParkedMessage) error {
	confirmed := make(chan error, 1)
	p.publisher.PublishConfirmed(ctx, link.Publishing{
		Exchange: m.Exchange, Key: m.Key, ContentType: m.ContentType, ContentEncoding: m.ContentEncoding,
		Persistent: true, Mandatory: true, Body: m.Body,
	}, func(err error) { confirmed <- err })
	if err := <-confirmed; err != nil {
		return fmt.Errorf("retry parked message %s: %w", m.ID, err)
	}
	return nil
}
