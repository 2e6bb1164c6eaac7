package amqpbridge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"registrar/amqpbridge/link"
	"registrar/amqpbridge/wire"
)

// The headers of what was put aside.
const (
	headerReason   = "x-registrar-reason"
	headerFlow     = "x-registrar-flow"
	headerTries    = "x-registrar-tries"
	headerExchange = "x-registrar-exchange"
	headerKey      = "x-registrar-key"
)

// ParkedMessage is a message that was put aside, and why.
type ParkedMessage struct {
	// ID is made from the message itself: the same message has the same one each time it is looked at.
	ID    string
	Queue string
	// Reason, Flow and Tries say what went wrong where, how often; Exchange and Key how the message came.
	Reason, Flow, Exchange, Key string
	Tries                       int64
	// Body is as it came: in ContentEncoding, if that is not empty.
	ContentType, ContentEncoding string
	Body                         []byte
}

// Text is the body for people to read: what was compressed is not any more, and what is no text is marked. A body that cannot be unpacked, or is too
// large then, is shown as it came.
func (m ParkedMessage) Text() string {
	body, err := wire.Inflate(m.ContentEncoding, m.Body)
	if err != nil {
		body = m.Body
	}
	return strings.ToValidUTF8(string(body), "\uFFFD")
}

// Verdict is what becomes of a message that was put aside.
type Disposition uint8

// The verdicts.
const (
	// Keep leaves it in its place.
	Keep Disposition = iota
	// Retry publishes it again as it came, and takes it out of its queue when the broker has it.
	Retry
	// Drop takes it out of its queue.
	Drop
)

const (
	// ParkedQuiet is how long a parking queue has to be silent to be taken for read through once all that was found in it has come. The broker may take
	// up to parkedPatience for each of those.
	parkedQuiet    = 300 * time.Millisecond
	parkedPatience = 10 * time.Second
	// ParkedAsks is how often a queue is asked that seems to be empty: a broker which cannot count a quorum queue in time finds nothing in it.
	parkedAsks = 2
	// ParkedWindow is how many messages are looked at at a time.
	parkedWindow = 10_000
)

// errParkedLate says that not all of what is in a queue has come.
var errParkedLate = errors.New("the broker does not send what is put aside")

// Parking looks through what registrars have put aside on a broker. It is for one goroutine.
type Parking struct {
	session link.Session
	out     link.Publisher
}

// OpenParking connects to the broker.
func OpenParking(ctx context.Context, d link.Dialer) (*Parking, error) {
	s, err := d.Dial(ctx, "registrar-parked")
	if err != nil {
		return nil, err
	}
	out, err := s.Publisher(ctx, link.PublisherSpec{})
	if err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	return &Parking{session: s, out: out}, nil
}

// Close ends the connection.
func (p *Parking) Close(ctx context.Context) error { return p.session.Close(ctx) }

// Look shows judge each message of a parking queue, the oldest first, 10,000 at most, and does what it says. What is kept stays in its place. Nothing is lost on the way:
// a message that is tried again is in its queue until the broker has taken it.
func (p *Parking) Look(ctx context.Context, queue string, judge func(ParkedMessage) Disposition) (err error) {
	empty := false
	for asked := 0; asked < parkedAsks && err == nil && (asked == 0 || empty); asked++ {
		empty, err = p.look(ctx, queue, judge)
	}
	return err
}

// look is one look; it reports whether the broker has found nothing and sent nothing.
func (p *Parking) look(ctx context.Context, queue string, judge func(ParkedMessage) Disposition) (empty bool, err error) {
	in := make(chan link.Delivery, parkedWindow)
	consumer, err := p.session.Consume(ctx, link.ConsumerSpec{Queue: queue, Tag: "registrar-parked", Prefetch: parkedWindow}, func(d link.Delivery) { in <- d })
	if err != nil {
		return false, fmt.Errorf("%s: %w", queue, err)
	}
	defer func() { err = errors.Join(err, consumer.Close(context.WithoutCancel(ctx))) }()
	there, err := p.collect(ctx, consumer, in) // all first: what is tried again may come back
	if err != nil {
		return false, fmt.Errorf("%s: %w", queue, err)
	}
	for _, d := range there {
		if err := p.settle(ctx, consumer, d, judge(parkedFrom(queue, d))); err != nil {
			return false, err
		}
	}
	return len(there) == 0 && consumer.Found() == 0, nil
}

// collect takes what is in the queue.
func (p *Parking) collect(ctx context.Context, c link.Consumer, in <-chan link.Delivery) (there []link.Delivery, err error) {
	for len(there) < parkedWindow {
		quiet, all := parkedQuiet, len(there) >= c.Found()
		if !all {
			quiet = parkedPatience
		}
		select {
		case d := <-in:
			there = append(there, d)
		case <-time.After(quiet):
			if !all {
				return nil, fmt.Errorf("%w: %d of %d messages have come", errParkedLate, len(there), c.Found())
			}
			return there, nil
		case <-c.Done():
			return nil, p.session.Err()
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return there, nil
}

func (p *Parking) settle(ctx context.Context, c link.Consumer, d link.Delivery, v Disposition) error {
	if v == Keep {
		return nil
	}
	if v == Retry {
		m := parkedFrom("", d)
		taken := make(chan error, 1)
		p.out.PublishConfirmed(ctx, link.Publishing{
			Exchange: m.Exchange, Key: m.Key, ContentType: m.ContentType, ContentEncoding: m.ContentEncoding,
			Persistent: true, Mandatory: true, Body: m.Body,
		}, func(err error) { taken <- err })
		if err := <-taken; err != nil {
			return fmt.Errorf("try %s again: %w", m.ID, err)
		}
	}
	return c.Ack(d.Tag, false)
}

func parkedFrom(queue string, d link.Delivery) ParkedMessage {
	text := func(h string) string {
		s, _ := d.Headers[h].(string)
		return s
	}
	tries, _ := d.Headers[headerTries].(int64)
	sum := sha256.Sum256(append([]byte(text(headerKey)+"\x00"), d.Body...))
	return ParkedMessage{
		ID: hex.EncodeToString(sum[:6]), Queue: queue, Reason: text(headerReason), Flow: text(headerFlow), Exchange: text(headerExchange), Key: text(headerKey),
		Tries: tries, ContentType: d.ContentType, ContentEncoding: d.ContentEncoding, Body: d.Body,
	}
}
