package amqpbridge_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"strings"
	"testing"
	"time"

	"registrar/amqpbridge"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/link"
)

// A compressed report is parked and retried as it arrived, and Text inflates it.
func TestRetryOfCompressedReport(t *testing.T) {
	b := newTestbed(t)
	b.start()
	var body bytes.Buffer
	w := gzip.NewWriter(&body)
	const plain = `{"Event-Name":"reg_success","Realm":"acme.test","Username":"poison","Contact":"sip:a@b",` +
		`"Expires":300,"Event-Timestamp":1795392520}`
	_, _ = w.Write([]byte(plain))
	_ = w.Close()
	session, err := b.broker.Dial(t.Context(), "proxy")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close(context.Background()) }()
	publisher, err := session.Publisher(t.Context(), link.PublisherSpec{})
	if err != nil {
		t.Fatal(err)
	}
	err = publisher.Publish(t.Context(), link.Publishing{
		Exchange: "registrar", Key: "registration.success.a.b", ContentEncoding: "gzip", Body: body.Bytes(),
	})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "parked", func() bool { return b.count("registrations", "poison") == 1 })
	b.visit(b.broker, b.set.PoisonQueue, func(m amqpbridge.ParkedMessage) amqpbridge.Disposition {
		if m.ContentEncoding != "gzip" || !bytes.Equal(m.Body, body.Bytes()) {
			t.Errorf("parked %q in encoding %q", m.Body, m.ContentEncoding)
		}
		if m.Text() != plain {
			t.Errorf("text %q, want %q", m.Text(), plain)
		}
		m.ContentEncoding = "unknown"
		if want := strings.ToValidUTF8(body.String(), "\uFFFD"); m.Text() != want {
			t.Errorf("text %q in an unknown encoding, want %q", m.Text(), want)
		}
		return amqpbridge.Retry
	})
	until(t, "parked again", func() bool { return b.count("registrations", "poison") == 2 })
}

// slowDialer delays deliveries by more than parkingIdle.
type slowDialer struct{ link.Dialer }

type slowSession struct{ link.Session }

func (d slowDialer) Dial(ctx context.Context, name string) (link.Session, error) {
	s, err := d.Dialer.Dial(ctx, name)
	return slowSession{s}, err
}

func (s slowSession) Consume(
	ctx context.Context, spec link.ConsumerSpec, deliver func(link.Delivery),
) (link.Consumer, error) {
	return s.Session.Consume(ctx, spec, func(d link.Delivery) {
		time.AfterFunc(400*time.Millisecond, func() { deliver(d) })
	})
}

// Parked messages are found even if the broker delivers them late.
func TestLateDeliveriesAreFound(t *testing.T) {
	b := newTestbed(t)
	b.start()
	b.findsParked(b.connect(), slowDialer{b.broker}, 3)
}

// uncountedDialer reports and delivers no messages to the first consumer.
type uncountedDialer struct {
	link.Dialer
	consumers int
}

type uncountedSession struct {
	link.Session
	dialer *uncountedDialer
}

type uncountedConsumer struct{ link.Consumer }

func (d *uncountedDialer) Dial(ctx context.Context, name string) (link.Session, error) {
	s, err := d.Dialer.Dial(ctx, name)
	return uncountedSession{s, d}, err
}

func (s uncountedSession) Consume(
	ctx context.Context, spec link.ConsumerSpec, deliver func(link.Delivery),
) (link.Consumer, error) {
	if s.dialer.consumers++; s.dialer.consumers > 1 {
		return s.Session.Consume(ctx, spec, deliver)
	}
	c, err := s.Session.Consume(ctx, spec, func(link.Delivery) {})
	return uncountedConsumer{c}, err
}

func (uncountedConsumer) Found() int { return 0 }

// A queue that seems empty is read a second time, and no more.
func TestEmptyParkingQueueIsReadTwice(t *testing.T) {
	b := newTestbed(t)
	b.start()
	c, empty := b.connect(), &uncountedDialer{Dialer: b.broker}
	b.findsParked(c, empty, 0)
	if empty.consumers != 2 {
		t.Errorf("an empty queue was read %d times, want 2", empty.consumers)
	}
	b.findsParked(c, &uncountedDialer{Dialer: b.broker}, 3)
}

// findsParked parks n messages and finds them through a dialer.
func (b *testbed) findsParked(c *client.Conn, d link.Dialer, n int) {
	b.t.Helper()
	for range n {
		b.publish(c, "", b.set.MalformedQueue, "x")
	}
	found := 0
	b.visit(d, b.set.MalformedQueue, func(amqpbridge.ParkedMessage) amqpbridge.Disposition {
		found++
		return amqpbridge.Keep
	})
	if found != n {
		b.t.Errorf("%d of %d parked messages found", found, n)
	}
}

func (b *testbed) visit(d link.Dialer, queue string, decide func(amqpbridge.ParkedMessage) amqpbridge.Disposition) {
	b.t.Helper()
	p, err := amqpbridge.OpenParking(b.t.Context(), d)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = p.Close(context.Background()) }()
	if err := p.Visit(b.t.Context(), queue, decide); err != nil {
		b.t.Error(err)
	}
}
