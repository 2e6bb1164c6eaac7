package link

import "time"

// Topology is the entities that a session declares and binds, in order.
type Topology struct {
	Exchanges []Exchange
	Queues    []Queue
	Bindings  []Binding
}

// Exchange is an exchange that is neither internal nor auto-delete.
type Exchange struct {
	Name string
	// Kind is "topic" or "direct".
	Kind    string
	Durable bool
}

// QueueKind is the type of a queue.
type QueueKind uint8

// The kinds of queue.
const (
	// Classic is a queue on one node of the cluster.
	Classic QueueKind = iota
	// Quorum is a replicated queue; it is always durable.
	Quorum
	// ServerNamed is a classic, exclusive queue with a name chosen by the broker. It ends with
	// its session. Its Name is an alias for bindings and consumers of the session that declared
	// it.
	ServerNamed
)

// String returns the value of x-queue-type.
func (k QueueKind) String() string {
	switch k {
	case Classic, ServerNamed:
		return "classic"
	case Quorum:
		return "quorum"
	}
	return "unknown"
}

// Queue is a queue. Zero values of its arguments are not declared.
type Queue struct {
	Name                           string
	Kind                           QueueKind
	Durable, Exclusive, AutoDelete bool
	// SingleActive delivers to one consumer at a time: the first, and after its end the next.
	SingleActive bool
	// TTL is the maximum time of a message in the queue, in whole milliseconds.
	TTL time.Duration
	// MaxLength is the maximum number of waiting messages. Beyond it the oldest are dropped or
	// dead-lettered.
	MaxLength int
	// Expires is the time from the last use until the queue is deleted, in whole milliseconds.
	Expires time.Duration
	// DeadLetterExchange and DeadLetterKey are the destination of rejected, expired and surplus
	// messages. With a key alone the destination is the queue of that name.
	DeadLetterExchange, DeadLetterKey string
	// DeliveryLimit is the number of returns of a message to a quorum queue before it is
	// dead-lettered.
	DeliveryLimit int
}

// Binding routes messages of an exchange to a queue when the key matches. Direct exchanges
// compare it for equality. Topic exchanges compare words between dots: * is one word, # any
// number of words.
type Binding struct{ Queue, Exchange, Key string }

// Notice reports an entity that a session uses with other properties than declared.
type Notice struct {
	// Exchange or Queue is its name.
	Exchange, Queue string
	// Reason is the difference, as reported by the broker.
	Reason string
}
