package client_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"registrar/amqpbridge/client"
	"registrar/amqpbridge/wire"
)

// A client that loses its session connects again and never reuses a Msg-ID. A report that is
// published again with its ID and time is the same message.
func TestReconnects(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	broker := newBroker()
	r := newRegistrar(t, broker, silent)
	c := client.NewReconnecting(broker, client.Config{Name: "client", Generation: wire.Kazoo5})
	defer c.Close()
	at := time.Now()
	report := func(id string) []byte {
		t.Helper()
		err := client.ErrDisconnected
		for err != nil && ctx.Err() == nil {
			err = c.Report(ctx, client.Registration{Realm: "acme.test", User: "100", Contact: "sip:100@192.0.2.1", At: at, ID: id})
		}
		if err != nil {
			t.Fatal(err)
		}
		return <-r.bodies
	}
	first, named := report(""), report("name")
	if n := broker.Cut("client"); n != 1 {
		t.Fatalf("%d sessions cut, want 1", n)
	}
	if second := report(""); bytes.Equal(first, second) {
		t.Errorf("two reports have the same Msg-ID: %s", second)
	}
	if again := report("name"); !bytes.Equal(named, again) {
		t.Errorf("a repeated report differs:\n%s\n%s", named, again)
	}
}

// Without a broker every call fails at once.
func TestDisconnectedClientFails(t *testing.T) {
	broker := newBroker()
	broker.Refuse(errors.New("no broker"))
	c := client.NewReconnecting(broker, client.Config{Name: "client"})
	defer c.Close()
	_, err := c.Authn(t.Context(), "acme.test", "100")
	_, err2 := c.Query(t.Context(), "acme.test", "100")
	err3 := c.Report(t.Context(), client.Registration{})
	for _, err := range []error{err, err2, err3} {
		if !errors.Is(err, client.ErrDisconnected) {
			t.Errorf("got %v", err)
		}
	}
}
