package amqpbridge

import (
	"time"

	"registrar/actors/otp"
	"registrar/amqpbridge/link"
)

// consumerMessage is a message of a [consumer]. Besides those below there are [sessionChanged]
// and [retrySession].
type consumerMessage interface{ consumerMessage() }

// drainConsumer asks a consumer to take no more deliveries, and to finish and acknowledge the
// open ones. It is answered when that is done. The consumer stays idle afterwards.
type drainConsumer struct{ otp.From[consumerDrained] }

// consumerDrained answers a [drainConsumer].
type consumerDrained struct{}

// subscription identifies one basic.consume of one incarnation. Delivery tags are valid in it
// alone.
type subscription struct{ session link.Session }

// subscribed is the result of a basic.consume.
type subscribed struct {
	by       *subscription
	consumer link.Consumer
	cleanup  cleanup // of the consumer
	err      error
}

// delivered is one delivery of the broker and the time of its arrival, by the clock of the run.
type delivered struct {
	by *subscription
	d  link.Delivery
	at time.Time
}

// answered is the result of an asynchronous step of a job: then continues, unless there is an
// error.
type answered struct {
	j    *job
	err  error
	then func(c *consumerContext)
}

// retryJob is the time for another try of a job.
type retryJob struct{ j *job }

// parked is the result of an attempt to park a delivery.
type parked struct {
	j   *job
	err error
}

// acksDue asks for the acknowledgements that are due. It waits behind queued messages, so that
// one acknowledgement covers much.
type acksDue struct{}

// drainPoll asks whether the prefetch is full, or the queue idle.
type drainPoll struct{}

// cancelled says that basic.cancel has returned: the broker delivers nothing more.
type cancelled struct{}

// deliveriesTaken follows the last delivery in the mailbox.
type deliveriesTaken struct{}

// announce asks for the publication of [ConsumerSpec.Announcement].
type announce struct{}

// announced is the result of that publication.
type announced struct{ err error }

func (drainConsumer) consumerMessage()   {}
func (subscribed) consumerMessage()      {}
func (delivered) consumerMessage()       {}
func (answered) consumerMessage()        {}
func (retryJob) consumerMessage()        {}
func (parked) consumerMessage()          {}
func (acksDue) consumerMessage()         {}
func (drainPoll) consumerMessage()       {}
func (cancelled) consumerMessage()       {}
func (deliveriesTaken) consumerMessage() {}
func (announce) consumerMessage()        {}
func (announced) consumerMessage()       {}
