package client_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"registrar/amqpbridge/client"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/memory"
	"registrar/amqpbridge/wire"
)

// A question that no queue takes is answered at once, for every generation: there is no registrar on the broker.
func TestNobodyIsThere(t *testing.T) {
	for _, g := range []wire.Generation{wire.Whistle, wire.Kazoo3, wire.Kazoo4, wire.Kazoo5} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		s, err := client.Connect(ctx, memory.New(), "switch", g)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close(context.Background()) }()
		if _, err := s.Authn(ctx, "acme.test", "100"); !errors.Is(err, client.ErrNobody) {
			t.Errorf("authn: %v", err)
		}
		if _, err := s.Query(ctx, "acme.test", ""); !errors.Is(err, client.ErrNobody) {
			t.Errorf("query: %v", err)
		}
	}
}

// A trunk that loses its broker comes back, and never names two messages alike: an old answer cannot be taken for a new one. A report that is
// published again under its old name is the same message.
func TestTrunkComesBack(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	broker := memory.New()
	heard := make(chan []byte, 16)
	listen(t, broker, heard)
	trunk := client.NewReconnecting(broker, "trunk", wire.Kazoo5)
	defer trunk.Close()
	at := time.Now()
	report := func(id string) []byte {
		t.Helper()
		err := client.ErrEnded
		for err != nil && ctx.Err() == nil {
			err = trunk.Report(ctx, client.Registration{Realm: "acme.test", User: "100", Contact: "sip:100@192.0.2.1", At: at, ID: id})
		}
		if err != nil {
			t.Fatal(err)
		}
		return <-heard
	}
	first, named := report(""), report("name")
	if n := broker.Cut("trunk"); n != 1 {
		t.Fatalf("%d sessions cut", n)
	}
	if second := report(""); bytes.Equal(first, second) {
		t.Errorf("two reports are the same message: %s", second)
	}
	if again := report("name"); !bytes.Equal(named, again) {
		t.Errorf("published again it is another message:\n%s\n%s", named, again)
	}
}

// listen hears every report.
func listen(t *testing.T, d link.Dialer, heard chan<- []byte) {
	t.Helper()
	s, err := d.Dial(t.Context(), "listener")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	err = s.Apply(t.Context(), link.Topology{
		Exchanges: []link.Exchange{{Name: "registrar", Kind: "topic"}},
		Queues:    []link.Queue{{Name: "heard", Kind: link.Classic}},
		Bindings:  []link.Binding{{Queue: "heard", Exchange: "registrar", Key: "registration.success.#"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Consume(t.Context(), link.ConsumerSpec{Queue: "heard", Prefetch: 16}, func(d link.Delivery) { heard <- d.Body }); err != nil {
		t.Fatal(err)
	}
}
