package link

import (
	"context"
	"time"
)

// Window is the maximum number of unconfirmed publishings of one [Publisher].
const Window = 1000

// Dialer opens sessions.
type Dialer interface {
	// Dial connects to the first broker that answers. The name appears on the broker, in its logs
	// and listings. Errors are [ErrRefused], [ErrUnreachable], [ErrCredentials], [ErrVhost] or
	// [ErrNotReady]. None contains a password.
	Dial(ctx context.Context, name string) (Session, error)
}

// Session is one connection with its channels. It is safe for concurrent use.
type Session interface {
	// Apply declares the exchanges and queues, then binds, in order, on a channel of its own. It
	// can be repeated, also by other sessions. An exchange with other flags is used as it is and
	// reported in Notices. A queue with other arguments is [ErrConflict]. Missing entities of a
	// broker that has just started are retried for 30 s. An error ends the session.
	Apply(ctx context.Context, t Topology) error
	// Consume opens a channel with the consumer's prefetch and passes its deliveries to deliver,
	// in order. The consumer acknowledges them. The first call of deliver may come before Consume
	// returns, also on the same goroutine; it must not block. An error ends the session, except
	// [ErrInvalid].
	Consume(ctx context.Context, s ConsumerSpec, deliver func(Delivery)) (Consumer, error)
	// Publisher opens the channels of a publisher. An error ends the session.
	Publisher(ctx context.Context, s PublisherSpec) (Publisher, error)
	// QueueName returns the broker's name of the server-named queue that this session declared as
	// alias. Any other name is returned unchanged.
	QueueName(alias string) string
	// Notices returns the entities that this session uses with other properties than declared, in
	// the order of discovery.
	Notices() []Notice
	// Done is closed when the session has ended.
	Done() <-chan struct{}
	// Err returns the reason for the end of the session, or nil while it is open. After Close it
	// is [ErrClosed].
	Err() error
	// IdleAfter returns how long no delivery must arrive for a queue with a consumer to count as empty.
	// A busy broker may keep deliveries back that long.
	IdleAfter() time.Duration
	// Blocked reports whether the broker has an alarm (memory, disk) and accepts no publishings.
	Blocked() bool
	// Close ends the session in order: earlier acknowledgements and publishings reach the broker.
	// After its return no callback is called. Closing again does nothing.
	Close(ctx context.Context) error
}

// Consumer is one subscription on a channel of its own. A tag is valid only for its consumer, and
// only while the session lives.
type Consumer interface {
	// Ack acknowledges the open delivery with this tag; with multiple also all earlier open ones.
	// After the session's end it returns [ErrClosed] and acknowledges nothing. An unknown tag
	// ends the session.
	Ack(tag uint64, multiple bool) error
	// Nack requeues a delivery at its old position, or drops it to the dead-letter exchange if
	// the queue has one.
	Nack(tag uint64, requeue bool) error
	// Cancel stops the deliveries. Deliveries that have arrived are passed on before it returns,
	// none after. Unacknowledged deliveries can still be acknowledged. They are redelivered only
	// if the session ends without that.
	Cancel(ctx context.Context) error
	// Close closes the subscription and its channel. Unacknowledged deliveries return to the
	// queue at once, at their old positions. Deliveries that have arrived are passed on before it
	// returns, none after.
	Close(ctx context.Context) error
	// Found returns the number of messages in the queue at the start of the consumer. At least as
	// many arrive, within the prefetch, if no other consumer takes them.
	Found() int
	// Done is closed after the last call of deliver.
	Done() <-chan struct{}
}

// Publisher publishes on channels of its own.
type Publisher interface {
	// Publish sends without confirmation. An error means that the message was perhaps not sent;
	// nil does not mean that it arrives.
	Publish(ctx context.Context, p Publishing) error
	// PublishConfirmed sends, and calls done exactly once. The result is nil when the broker has
	// accepted the message: on disk, for a persistent message to durable queues. Otherwise it is
	// [ErrNacked], [ErrReturned], [ErrBlocked] or the reason for the session's end. It waits
	// until ctx ends while [Window] publishings are unconfirmed; the call of done frees a place.
	// Results arrive in the order of publishing. If the message cannot be sent, done is called at
	// once on this goroutine.
	PublishConfirmed(ctx context.Context, p Publishing, done func(error))
}
