package link

import "time"

// Delivery is a message from the broker. The receiver owns its body and headers.
type Delivery struct {
	// Tag identifies the delivery to its consumer.
	Tag           uint64
	Exchange, Key string
	// Headers hold strings, booleans, int64, float64, []byte, time.Time, nil, []any and
	// map[string]any. It is nil if there are none.
	Headers                                              map[string]any
	ContentType, ContentEncoding, ReplyTo, CorrelationID string
	// Redelivered is set when the message was delivered before, to any consumer. It does not
	// prove a duplicate.
	Redelivered bool
	// Waited is set when the message was in the queue before this consumer started, or when it
	// was redelivered. Its age is unknown. Other messages arrived as soon as the prefetch
	// allowed.
	Waited bool
	Body   []byte
}

// Publishing is a message to publish. It must not be modified until it is published or, if
// confirmed, until its result.
type Publishing struct {
	// Exchange and Key are the destination. The empty exchange routes to the queue named by the
	// key.
	Exchange, Key string
	// Headers hold the types of [Delivery.Headers], and any integer or float type that fits.
	Headers                                              map[string]any
	ContentType, ContentEncoding, ReplyTo, CorrelationID string
	// Persistent messages in durable queues survive a restart of the broker.
	Persistent bool
	// Mandatory returns a message that reaches no queue, instead of dropping it.
	Mandatory bool
	// Expiration is the maximum time in a queue, in whole milliseconds; 0 means no limit.
	Expiration time.Duration
	Body       []byte
}

// ConsumerSpec describes a consumer.
type ConsumerSpec struct {
	// Queue is a queue's name or the alias of a server-named queue of this session.
	Queue string
	// Tag is the consumer tag that the broker lists.
	Tag string
	// Prefetch is the maximum number of unacknowledged deliveries, 1 to 65,535.
	Prefetch int
	// Exclusive refuses other consumers of the queue.
	Exclusive bool
}

// PublisherSpec describes a publisher.
type PublisherSpec struct {
	// OnReturn receives each mandatory message of [Publisher.Publish] that reached no queue. It
	// must not block; it may be nil.
	OnReturn func(Publishing)
}
