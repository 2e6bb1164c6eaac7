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

// A report that came compressed is put aside and tried again as it came, and shown as it is to be read.
func TestRetryOfWhatIsCompressed(t *testing.T) {
	s := newStage(t)
	s.raise()
	var body bytes.Buffer
	w := gzip.NewWriter(&body)
	const plain = `{"Event-Name":"reg_success","Realm":"acme.test","Username":"poison","Contact":"sip:a@b","Expires":300,"Event-Timestamp":1795392520}`
	_, _ = w.Write([]byte(plain))
	_ = w.Close()
	session, err := s.broker.Dial(t.Context(), "proxy")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close(context.Background()) }()
	out, err := session.Publisher(t.Context(), link.PublisherSpec{})
	if err != nil {
		t.Fatal(err)
	}
	report := link.Publishing{Exchange: "registrar", Key: "registration.success.a.b", ContentEncoding: "gzip", Body: body.Bytes()}
	if err := out.Publish(t.Context(), report); err != nil {
		t.Fatal(err)
	}
	until(t, "put aside", func() bool { return s.Tally.Get("registrations", "poison") == 1 })
	p, err := amqpbridge.OpenParking(t.Context(), s.broker)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close(context.Background()) }()
	err = p.Look(t.Context(), s.set.PoisonQueue, func(m amqpbridge.ParkedMessage) amqpbridge.Disposition {
		if m.ContentEncoding != "gzip" || !bytes.Equal(m.Body, body.Bytes()) {
			t.Errorf("put aside as %q in %q", m.Body, m.ContentEncoding)
		}
		if m.Text() != plain {
			t.Errorf("shown as %q", m.Text())
		}
		m.ContentEncoding = "of another kind"
		if want := strings.ToValidUTF8(body.String(), "\uFFFD"); m.Text() != want {
			t.Errorf("without a known encoding it is shown as %q, want %q", m.Text(), want)
		}
		return amqpbridge.Retry
	})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "put aside again", func() bool { return s.Tally.Get("registrations", "poison") == 2 })
}

// slowly is a broker whose deliveries do not come for a while, but longer than a queue has to be silent.
type slowly struct{ link.Dialer }

type slowDeliveries struct{ link.Session }

func (d slowly) Dial(ctx context.Context, name string) (link.Session, error) {
	s, err := d.Dialer.Dial(ctx, name)
	return slowDeliveries{s}, err
}

func (s slowDeliveries) Consume(ctx context.Context, spec link.ConsumerSpec, deliver func(link.Delivery)) (link.Consumer, error) {
	return s.Session.Consume(ctx, spec, func(d link.Delivery) { time.AfterFunc(400*time.Millisecond, func() { deliver(d) }) })
}

// What is put aside is found, however long the broker takes to send it.
func TestSlowParking(t *testing.T) {
	s := newStage(t)
	s.raise()
	sw := s.connect()
	s.finds(sw, slowly{s.broker}, 3)
}

// unsure is a broker that finds nothing in a queue when it is asked for the first time, and sends nothing.
type unsure struct {
	link.Dialer
	asked int
}

type unsureSession struct {
	link.Session
	broker *unsure
}

type nothingFound struct{ link.Consumer }

func (u *unsure) Dial(ctx context.Context, name string) (link.Session, error) {
	s, err := u.Dialer.Dial(ctx, name)
	return unsureSession{s, u}, err
}

func (s unsureSession) Consume(ctx context.Context, spec link.ConsumerSpec, deliver func(link.Delivery)) (link.Consumer, error) {
	if s.broker.asked++; s.broker.asked > 1 {
		return s.Session.Consume(ctx, spec, deliver)
	}
	c, err := s.Session.Consume(ctx, spec, func(link.Delivery) {})
	return nothingFound{c}, err
}

func (nothingFound) Found() int { return 0 }

// A queue that seems to be empty is asked once more; one that is empty, not for ever.
func TestParkingThatSeemsToBeEmpty(t *testing.T) {
	s := newStage(t)
	s.raise()
	sw := s.connect()
	empty := &unsure{Dialer: s.broker}
	s.finds(sw, empty, 0)
	if empty.asked != 2 {
		t.Errorf("an empty one is asked %d times", empty.asked)
	}
	s.finds(sw, &unsure{Dialer: s.broker}, 3)
}

// finds puts so many messages aside and looks for them over a broker.
func (s *stage) finds(sw *client.Conn, over link.Dialer, n int) {
	s.t.Helper()
	for range n {
		s.put(sw, "", s.set.MalformedQueue, "x")
	}
	p, err := amqpbridge.OpenParking(s.t.Context(), over)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = p.Close(context.Background()) }()
	found := 0
	if err := p.Look(s.t.Context(), s.set.MalformedQueue, func(amqpbridge.ParkedMessage) amqpbridge.Disposition { found++; return amqpbridge.Keep }); err != nil || found != n {
		s.t.Errorf("%d of %d are found, %v", found, n, err)
	}
}
