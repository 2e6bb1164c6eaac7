package amqpbridge_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"testing"

	"registrar/amqpbridge"
	"registrar/amqpbridge/link"
)

// A report that came compressed is put aside and tried again as it came.
func TestRetryOfWhatIsCompressed(t *testing.T) {
	s := newStage(t)
	s.raise()
	var body bytes.Buffer
	w := gzip.NewWriter(&body)
	_, _ = w.Write([]byte(`{"Event-Name":"reg_success","Realm":"acme.test","Username":"poison","Contact":"sip:a@b","Expires":300,"Event-Timestamp":1795392520}`))
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
	err = p.Look(t.Context(), s.set.Poison, func(m amqpbridge.ParkedMessage) amqpbridge.Verdict {
		if m.ContentEncoding != "gzip" || !bytes.Equal(m.Body, body.Bytes()) {
			t.Errorf("put aside as %q in %q", m.Body, m.ContentEncoding)
		}
		return amqpbridge.Retry
	})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "put aside again", func() bool { return s.Tally.Get("registrations", "poison") == 2 })
}
