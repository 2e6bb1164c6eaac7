package link

import "context"

// Window is the most publishings of one [Publisher] that may wait for their confirms.
const Window = 1000

// Dialer makes sessions.
type Dialer interface {
	// Dial connects to the first broker that answers. The name shows on the broker, in its logs and listings. Errors are
	// of the kinds [ErrRefused], [ErrUnreachable], [ErrCredentials], [ErrVhost], [ErrNotReady]; none shows a password.
	Dial(ctx context.Context, name string) (Session, error)
}

// Session is one connection and everything opened on it. All its methods may be called from any goroutine.
type Session interface {
	// Apply declares the exchanges and the queues and then binds, in order, on a channel of its own. It may be applied again, also by
	// other sessions. An exchange that exists with other flags is used as it is and noted in Notices; a queue that exists with
	// other arguments is [ErrConflict]. What a broker that has just started does not find yet is tried again for 30 s.
	// An error ends the session.
	Apply(ctx context.Context, t Topology) error
	// Consume opens a channel with the consumer's prefetch and hands its deliveries over, in order, each to be
	// acknowledged by the consumer. The first call of deliver may come before Consume returns, and from the same goroutine: it must not
	// block. An error ends the session,
	// but for a spec that is refused as [ErrInvalid].
	Consume(ctx context.Context, s ConsumerSpec, deliver func(Delivery)) (Consumer, error)
	// Publisher opens the channels of a publisher. An error ends the session.
	Publisher(ctx context.Context, s PublisherSpec) (Publisher, error)
	// QueueName returns the name that the broker gave the server-named queue that this session declared as alias, and any other
	// name unchanged.
	QueueName(alias string) string
	// Notices returns what this session uses otherwise than declared, in the order it was found.
	Notices() []Notice
	// Done is closed when the session has ended.
	Done() <-chan struct{}
	// Err says why the session has ended, nil while it has not: [ErrClosed] after Close.
	Err() error
	// Blocked reports whether the broker has an alarm (memory, disk) and takes no publishings from this session.
	Blocked() bool
	// Close ends the session in order: what was acknowledged and published before it reaches the broker. It returns when
	// no function that was handed in will be called any more. Closing again does nothing.
	Close(ctx context.Context) error
}

// Consumer is one subscription on a channel of its own. Deliveries are acknowledged by it alone: a tag means nothing to another
// consumer, and nothing after the session has ended.
type Consumer interface {
	// Ack acknowledges the delivery with this tag, which has to be open; with multiple also all before it that are. After the
	// session's end it returns [ErrClosed] and acknowledges nothing. A tag that is not open ends the session.
	Ack(tag uint64, multiple bool) error
	// Nack gives a delivery back: to its old place in the queue, or to the dead-letter exchange if the queue has one.
	Nack(tag uint64, requeue bool) error
	// Cancel stops the deliveries. Those that have arrived are still handed over before it returns, none afterwards. What is in hand
	// remains to be acknowledged; it comes again only when the session ends without.
	Cancel(ctx context.Context) error
	// Close gives up the subscription and its channel: what is in hand comes again at once, in its old place. Deliveries that have
	// arrived are still handed over before it returns, none afterwards.
	Close(ctx context.Context) error
	// Found returns how many messages waited in the queue when the consumer came: as many come at least, if nobody else takes them, as its prefetch
	// allows.
	Found() int
	// Done is closed when deliver will not be called any more.
	Done() <-chan struct{}
}

// Publisher publishes on channels of its own.
type Publisher interface {
	// Publish sends and forgets. An error means that it was not sent, or perhaps not; nil does not mean that it arrives.
	Publish(ctx context.Context, p Publishing) error
	// PublishConfirmed sends, and calls done exactly once: with nil when the broker has taken the message over (on disk, for a persistent
	// one to durable queues), else with [ErrNacked], [ErrReturned] (mandatory and no queue took it), [ErrBlocked], or why
	// the session ended. It waits while [Window] publishings are open, until ctx ends; one is open no more when done is called. The outcomes of what was sent come in the
	// order of publishing; for what cannot be sent done is called at once, from this goroutine.
	PublishConfirmed(ctx context.Context, p Publishing, done func(error))
}
