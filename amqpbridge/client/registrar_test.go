package client_test

import (
	"context"
	"strings"
	"testing"

	"registrar/amqpbridge/client"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/memory"
	"registrar/amqpbridge/wire"
)

// registrar is a stand-in for a registrar: it records what arrives and replies.
type registrar struct {
	t         *testing.T
	publisher link.Publisher
	bodies    chan []byte
	reply     func(wire.Message) []byte // nil body: no reply
}

// newRegistrar binds a queue to every key of every generation.
func newRegistrar(t *testing.T, d link.Dialer, reply func(wire.Message) []byte) *registrar {
	t.Helper()
	s, err := d.Dial(t.Context(), "registrar")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	topology := link.Topology{
		Exchanges: []link.Exchange{
			{Name: "callmgr", Kind: "topic"}, {Name: "registrar", Kind: "topic"}, {Name: "targeted", Kind: "direct"},
		},
		Queues: []link.Queue{{Name: "requests", Kind: link.Classic}},
	}
	for _, b := range wire.Bindings() {
		topology.Bindings = append(topology.Bindings, link.Binding{Queue: "requests", Exchange: b.Exchange, Key: b.Key})
	}
	if err := s.Apply(t.Context(), topology); err != nil {
		t.Fatal(err)
	}
	r := &registrar{t: t, bodies: make(chan []byte, 16), reply: reply}
	if r.publisher, err = s.Publisher(t.Context(), link.PublisherSpec{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Consume(t.Context(), link.ConsumerSpec{Queue: "requests", Prefetch: 16}, r.deliver); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *registrar) deliver(d link.Delivery) {
	r.bodies <- d.Body
	m, err := wire.Decode(d.Body)
	if err != nil {
		return
	}
	if body := r.reply(m); body != nil {
		p := link.Publishing{Exchange: "targeted", Key: wire.EnvelopeOf(m).ServerID, Body: body}
		if err := r.publisher.Publish(context.Background(), p); err != nil {
			r.t.Error(err)
		}
	}
}

// silent never replies.
func silent(wire.Message) []byte { return nil }

func connect(t *testing.T, d link.Dialer, config client.Config) *client.Conn {
	t.Helper()
	c, err := client.Connect(t.Context(), d, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func generations() []wire.Generation {
	return []wire.Generation{wire.Whistle, wire.Kazoo3, wire.Kazoo4, wire.Kazoo5}
}

func contains(t *testing.T, body []byte, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(string(body), part) {
			t.Errorf("%s lacks %s", body, part)
		}
	}
}

func newBroker() *memory.Broker { return memory.New() }
