package amqpbridge

import (
	"time"

	"registrar/amqpbridge/link"
	"registrar/amqpbridge/wire"
)

const (
	// Orphaned is how long a shared queue outlives its last consumer.
	orphaned = 30 * time.Minute
	// DeliveryLimit is set high: tries are counted here, so that restarts of ours never park good messages.
	deliveryLimit = 1_000_000
)

// Topology is what each session of the consuming connection declares and binds, in order: exchanges as Kazoo and Kamailio
// declare them, queues with names of our own, every key of every generation. Key is where answers to this registrar's own questions are sent.
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
			{Name: s.MalformedQueue, Kind: link.Quorum, Durable: true, MaxLength: s.MaxParked, DeliveryLimit: deliveryLimit},
			{Name: s.PoisonQueue, Kind: link.Quorum, Durable: true, MaxLength: s.MaxParked, DeliveryLimit: deliveryLimit},
			s.questions(s.AuthnQueue), s.questions(s.QueryQueue),
			{
				Name: s.Reports(), Kind: link.Quorum, Durable: true, DeliveryLimit: deliveryLimit,
				DeadLetterKey: s.PoisonQueue, // over the default exchange
			},
		},
	}
	for _, b := range wire.Bindings() {
		t.Bindings = append(t.Bindings, link.Binding{Queue: s.queueOf(b.Kind), Exchange: b.Exchange, Key: b.Key})
	}
	// Where other registrars send their answers to our reg_sync.
	t.Bindings = append(t.Bindings, link.Binding{Queue: s.Reports(), Exchange: "targeted", Key: s.Reports()})
	if s.Canary > 0 {
		t.Queues = append(t.Queues, link.Queue{Name: pulseAlias, Kind: link.ServerNamed})
		t.Bindings = append(t.Bindings, link.Binding{Queue: pulseAlias, Exchange: "targeted", Key: key})
		if s.Node != "" {
			t.Queues = append(t.Queues, link.Queue{
				Name: s.LeaderQueue, Kind: link.Classic, Durable: true, SingleActive: true, MaxLength: 16, Expires: orphaned,
			})
		}
	}
	return t
}

func (s Settings) questions(name string) link.Queue {
	return link.Queue{
		Name: name, Kind: link.Classic, Durable: true, TTL: s.QueueTTL, MaxLength: s.MaxQueue, Expires: orphaned,
	}
}

// queueOf says which queue takes a kind of message. What changes registrations keeps its order in one queue.
func (s Settings) queueOf(k wire.Kind) string {
	switch k {
	case wire.KindAuthn:
		return s.AuthnQueue
	case wire.KindQuery:
		return s.QueryQueue
	case wire.KindSuccess, wire.KindFlush, wire.KindSync:
		return s.Reports()
	}
	return s.Reports()
}
