package amqpbridge

import (
	"time"

	"registrar/amqpbridge/link"
	"registrar/amqpbridge/wire"
)

const (
	// queueExpiry is how long a shared queue outlives its last consumer.
	queueExpiry = 30 * time.Minute
	// deliveryLimit overrides RabbitMQ 4's default of 20. The bridge counts tries itself, and
	// restarts of the registrar must not dead-letter good messages.
	deliveryLimit = 1_000_000
	// maxTokens bounds the leader queue.
	maxTokens = 16
)

// Topology returns the exchanges, queues and bindings of a consuming session, in the order of
// their declaration. Exchanges are declared as Kazoo and Kamailio declare them; routing keys of
// all generations are bound. Replies to this registrar's own requests arrive under key.
func (s Settings) Topology(key string) link.Topology {
	t := link.Topology{
		Exchanges: []link.Exchange{
			{Name: "callmgr", Kind: "topic"},
			{Name: "registrar", Kind: "topic"},
			{Name: "notifications", Kind: "topic"},
			{Name: "presence", Kind: "topic"},
			{Name: "targeted", Kind: "direct"},
		},
		Queues: []link.Queue{
			s.parkingQueue(s.MalformedQueue), s.parkingQueue(s.PoisonQueue),
			s.requestQueue(s.AuthnQueue), s.requestQueue(s.QueryQueue),
			{
				Name: s.Reports(), Kind: link.Quorum, Durable: true, DeliveryLimit: deliveryLimit,
				DeadLetterKey: s.PoisonQueue, // on the default exchange
			},
		},
	}
	for _, b := range wire.Bindings() {
		t.Bindings = append(t.Bindings, link.Binding{Queue: s.queueOf(b.Kind), Exchange: b.Exchange, Key: b.Key})
	}
	// Other registrars send their answers to our reg_sync here.
	t.Bindings = append(t.Bindings, link.Binding{Queue: s.Reports(), Exchange: "targeted", Key: s.Reports()})
	if s.Canary > 0 {
		t.Queues = append(t.Queues, link.Queue{Name: canaryQueue, Kind: link.ServerNamed})
		t.Bindings = append(t.Bindings, link.Binding{Queue: canaryQueue, Exchange: "targeted", Key: key})
		if s.Node != "" {
			t.Queues = append(t.Queues, link.Queue{
				Name: s.LeaderQueue, Kind: link.Classic, Durable: true, SingleActive: true,
				MaxLength: maxTokens, Expires: queueExpiry,
			})
		}
	}
	return t
}

// requestQueue is a queue that all registrars on the broker share.
func (s Settings) requestQueue(name string) link.Queue {
	return link.Queue{
		Name: name, Kind: link.Classic, Durable: true, TTL: s.QueueTTL, MaxLength: s.MaxQueue, Expires: queueExpiry,
	}
}

func (s Settings) parkingQueue(name string) link.Queue {
	return link.Queue{
		Name: name, Kind: link.Quorum, Durable: true, MaxLength: s.MaxParked, DeliveryLimit: deliveryLimit,
	}
}

// queueOf returns the queue of a kind of message. Everything that changes registrations shares
// one queue, which keeps its order.
func (s Settings) queueOf(k wire.Kind) string {
	switch k {
	case wire.KindAuthn:
		return s.AuthnQueue
	case wire.KindQuery:
		return s.QueryQueue
	case wire.KindSuccess, wire.KindFlush, wire.KindSync:
	}
	return s.Reports()
}
