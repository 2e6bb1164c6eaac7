package link

import "time"

// Delivery is a message as it arrived. Its body and headers belong to the receiver.
type Delivery struct {
	// Tag names the delivery to its consumer.
	Tag           uint64
	Exchange, Key string
	// Headers hold strings, booleans, integers, float64, []byte, time.Time, nil, []any and map[string]any; nil if there are
	// none.
	Headers                                              map[string]any
	ContentType, ContentEncoding, ReplyTo, CorrelationID string
	// Redelivered says that the message was handed to some consumer before. It is no sign of a duplicate.
	Redelivered bool
	// Waited says that the message was in the queue before this consumer came, or was handed to another one before: how long ago it
	// was published is not known. One that did not wait came as soon as the prefetch allowed.
	Waited bool
	Body   []byte
}

// Publishing is a message to publish. It may not be changed until it is published or, if confirmed, until its outcome.
type Publishing struct {
	// Exchange and Key say where to; the empty exchange takes a queue's name as the key.
	Exchange, Key string
	// Headers hold the types that [Delivery] names.
	Headers                                              map[string]any
	ContentType, ContentEncoding, ReplyTo, CorrelationID string
	// Persistent messages in durable queues survive the broker.
	Persistent bool
	// Mandatory has a message that no queue takes returned instead of dropped.
	Mandatory bool
	// Expiration is how long the message may wait in a queue, in whole milliseconds; 0 is for ever.
	Expiration time.Duration
	Body       []byte
}

// ConsumerSpec says what to consume.
type ConsumerSpec struct {
	// Queue is a queue's name or the alias of one that the broker named for this session.
	Queue string
	// Tag shows on the broker.
	Tag string
	// Prefetch is the most deliveries unacknowledged at a time, 1 to 65,535.
	Prefetch int
	// Exclusive refuses other consumers of the queue.
	Exclusive bool
}

// PublisherSpec says how to publish.
type PublisherSpec struct {
	// OnReturn is told of each mandatory message of [Publisher.Publish] that no queue took. It must not block; it may be
	// nil.
	OnReturn func(Publishing)
}
