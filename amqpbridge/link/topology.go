package link

import "time"

// Topology is what a session declares and binds: as data, in order.
type Topology struct {
	Exchanges []Exchange
	Queues    []Queue
	Bindings  []Binding
}

// Exchange is an exchange: not internal and not deleted by itself.
type Exchange struct {
	Name string
	// Kind is "topic" or "direct".
	Kind    string
	Durable bool
}

// QueueKind says how the broker keeps a queue.
type QueueKind uint8

// The kinds of queue.
const (
	// Classic is a queue on one node.
	Classic QueueKind = iota
	// Quorum is a replicated queue; it is always durable.
	Quorum
	// ServerNamed is a classic, exclusive queue with a name of the broker's choice; it ends with its session. Its Name is an
	// alias that holds in bindings and consumers of the session that declared it.
	ServerNamed
)

// String returns the kind as the broker's x-queue-type says it.
func (k QueueKind) String() string {
	switch k {
	case Classic, ServerNamed:
		return "classic"
	case Quorum:
		return "quorum"
	}
	return "unknown"
}

// Queue is a queue. Zero values of the arguments are not declared.
type Queue struct {
	Name                           string
	Kind                           QueueKind
	Durable, Exclusive, AutoDelete bool
	// SingleActive has one consumer at a time get the deliveries: the one that came first, and when it is gone the next.
	SingleActive bool
	// TTL is how long a message may wait, in whole milliseconds.
	TTL time.Duration
	// MaxLength is the most messages that wait; the oldest give way.
	MaxLength int
	// Expires is how long the queue outlives its last consumer, in whole milliseconds.
	Expires time.Duration
	// DeadLetterExchange and DeadLetterKey say where messages go that are refused, too old or too many. With a key the empty
	// exchange is meant, too: the key is then a queue's name.
	DeadLetterExchange, DeadLetterKey string
	// DeliveryLimit is how often a quorum queue has a message given back before it is dead-lettered.
	DeliveryLimit int
}

// Binding has a queue take the messages of an exchange whose key matches: equal for direct; for topic by words between dots,
// where * is one word and # any number, also none.
type Binding struct{ Queue, Exchange, Key string }

// Notice is something a session uses otherwise than declared.
type Notice struct {
	// Exchange or Queue is its name.
	Exchange, Queue string
	// Reason is the broker's.
	Reason string
}
