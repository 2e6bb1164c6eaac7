package link

import (
	"context"
	"errors"
	"time"
)

// The kinds of failure to get a session.
var (
	// ErrUnreachable means that no broker answers.
	ErrUnreachable = errors.New("broker unreachable")
	// ErrRefused means that the broker refused user, password or virtual host.
	ErrRefused = errors.New("broker refused the login")
	// ErrClosed means that the session has ended.
	ErrClosed = errors.New("session ended")
	// ErrUnroutable is the outcome of a mandatory publishing that no queue took.
	ErrUnroutable = errors.New("unroutable")
	// ErrNotConfirmed is the outcome of a publishing that the broker refused.
	ErrNotConfirmed = errors.New("not confirmed")
)

// Dialer makes sessions. The name shows on the broker.
type Dialer interface {
	Dial(ctx context.Context, name string) (Session, error)
}

// Session is one connection to a broker.
type Session interface {
	// Apply declares and binds in order. An exchange that is there with other properties is used as it is.
	Apply(ctx context.Context, t Topology) error
	// Consume starts a consumer on a channel of its own, with manual acknowledgement. deliver must not block.
	Consume(ctx context.Context, s ConsumerSpec, deliver func(Delivery)) (Consumer, error)
	// Publisher opens a channel to publish on.
	Publisher(ctx context.Context, s PublisherSpec) (Publisher, error)
	// Done is closed when the session has ended; Err says why.
	Done() <-chan struct{}
	Err() error
	// Close ends the session. It may be called more than once.
	Close(ctx context.Context) error
}

// Consumer is a running consumer.
type Consumer interface {
	// Ack acknowledges a delivery, or all up to it.
	Ack(tag uint64, multiple bool) error
	// Cancel has the broker deliver nothing more; when it returns, deliver is not called any more. What is in hand can still be
	// acknowledged.
	Cancel(ctx context.Context) error
	// Close gives up the channel: what is in hand is delivered again.
	Close(ctx context.Context) error
}

// Publisher publishes. It is safe for use by many goroutines.
type Publisher interface {
	// Publish sends without waiting for anything but the socket.
	Publish(ctx context.Context, p Publishing) error
	// PublishConfirmed calls done once: with nil when the broker has taken responsibility, else with why not.
	PublishConfirmed(ctx context.Context, p Publishing, done func(error))
}

// Delivery is one message from a queue.
type Delivery struct {
	Tag                          uint64
	Exchange, Key                string
	Headers                      map[string]any
	ContentType, ContentEncoding string
	Redelivered                  bool
	Body                         []byte
}

// Publishing is one message to an exchange; the empty exchange is the queue named by Key.
type Publishing struct {
	Exchange, Key string
	Headers       map[string]any
	ContentType   string
	Persistent    bool
	// Mandatory has it come back when no queue takes it.
	Mandatory bool
	Body      []byte
}

// PublisherSpec says what is done with returns. OnReturn may be nil; it must not block.
type PublisherSpec struct{ OnReturn func(Publishing) }

// ConsumerSpec says what to consume.
type ConsumerSpec struct {
	Queue, Tag string
	// Prefetch is how many deliveries may be in hand; it bounds memory. At least 1.
	Prefetch  int
	Exclusive bool
}

// Topology is what a session declares, in this order.
type Topology struct {
	Exchanges []Exchange
	Queues    []Queue
	Bindings  []Binding
}

// Exchange is a non-durable exchange without arguments.
type Exchange struct{ Name, Kind string }

// QueueKind is the kind of a queue.
type QueueKind string

// The kinds of queue.
const (
	Classic QueueKind = "classic"
	Quorum  QueueKind = "quorum"
)

// Queue is a queue and its arguments; zero values are left out.
type Queue struct {
	Name                              string
	Kind                              QueueKind
	Durable, Exclusive, AutoDelete    bool
	TTL, Expires                      time.Duration
	MaxLength                         int
	DeadLetterExchange, DeadLetterKey string
	DeadLetter                        bool
	DeliveryLimit                     int
}

// Binding binds a queue to an exchange.
type Binding struct{ Queue, Exchange, Key string }
