package amqpbridge

import (
	"context"
	"sync/atomic"
	"time"

	"registrar/actors/otp"
	"registrar/amqpbridge/delivery"
	"registrar/amqpbridge/link"
)

// consumerContext is a consumer's view of its incarnation.
type consumerContext = otp.Context[consumerMessage]

// handler is the work of a consumer on its deliveries.
type handler interface {
	// decode reads a delivery into its job. A delivery that cannot be read is parked.
	decode(j *job) error
	// handle starts the work on a decoded job. The work ends with one [job.complete], at once or
	// later.
	handle(c *consumerContext, j *job)
}

// consumerSpec describes a consumer. It is immutable.
type consumerSpec struct {
	// Name is authn, registrations or queries.
	Name string
	// Consumer names the queue and its prefetch.
	Consumer link.ConsumerSpec
	Handler  handler
	// Admission bounds the jobs.
	Admission delivery.AdmissionLimits
	// Policy decides about jobs that have failed.
	Policy    delivery.Policy
	Publisher *otp.Ref[publisherMessage]
	// Connection provides the session.
	Connection *otp.Ref[connectionMessage]
	Self       *otp.Ref[consumerMessage]
	// MalformedQueue takes messages that cannot be read, PoisonQueue those that cannot be
	// applied.
	MalformedQueue, PoisonQueue string
	Status                      *status
	Outcomes                    *outcomeCounters
	// Answerable reports whether replies can be published; nil means always.
	Answerable func() bool
	// Rejects bounds the parking and logging of rejected messages.
	Rejects *delivery.RejectLimiter
	// Announcement is published once after the first subscription; nil is nothing. Announced is
	// whether that was done: it outlives incarnations.
	Announcement *link.Publishing
	Announced    *atomic.Bool
	// Now is the clock of the run.
	Now func() time.Time
}

// maxSettled is how many settled deliveries may wait behind an open one for their
// acknowledgement. With the jobs that run and wait there has to be room in the prefetch: a
// request that the broker holds back cannot be shed, and is late.
func (s *consumerSpec) maxSettled() int { return max(1, s.Consumer.Prefetch/8) }

// consumer consumes one queue. It keeps each delivery until its outcome and acknowledges it then.
// Jobs about one user that must keep their order are worked on one at a time: none overtakes one
// that is tried again. Its goroutine alone touches it.
type consumer struct {
	spec    consumerSpec
	port    sessionPort
	state   consumerState
	by      *subscription   // whose deliveries are taken; nil is none
	newest  subscribed      // the result of the last basic.consume
	current subscribed      // the subscription in use; its consumer is nil for none
	drains  []drainConsumer // not answered yet

	acks       *delivery.AckTracker
	jobs       map[*job]struct{} // the open ones
	order      *delivery.Order[*job]
	admission  *delivery.AdmissionQueue[job]
	deliveries uint64    // number of them so far
	fullAt     time.Time // when the prefetch was last exhausted
}

// newConsumer returns the behaviour of a consumer.
func newConsumer(spec consumerSpec) *consumer {
	f := &consumer{spec: spec, admission: delivery.NewAdmissionQueue[job](spec.Admission)}
	f.forgetJobs()
	return f
}

// Init asks the connection for its session.
func (f *consumer) Init(c *consumerContext) error {
	f.spec.Status.down(f.spec.Name, c.Epoch(), errNotStarted)
	f.port.subscribe(c, f.spec.Connection, listenerOf(f.spec.Self))
	return nil
}

// Handle takes one message.
func (f *consumer) Handle(c *consumerContext, msg consumerMessage) {
	switch m := msg.(type) {
	case delivered:
		f.onDelivered(c, m)
	case answered:
		f.onAnswered(c, m)
	case retryJob:
		f.onRetryJob(c, m.j)
	case parked:
		f.onParked(c, m)
	case acksDue:
		f.transition(c, ackMarkerArrived)
	case sessionChanged:
		f.onSession(c, m)
	case retrySession:
		if f.port.current(m.session) {
			f.transition(c, retryDue)
		}
	case subscribed:
		f.onSubscribed(c, m)
	case drainConsumer:
		f.drains = append(f.drains, m)
		f.transition(c, drainRequested)
	case drainPoll:
		f.transition(c, drainPollDue)
	case cancelled:
		f.transition(c, cancelSucceeded)
	case deliveriesTaken:
		f.transition(c, deliveriesEnded)
	case announce:
		f.announce(c)
	case announced:
		if m.err != nil {
			c.After(parkRetry, announce{})
		}
	}
}

// Terminate closes the channel. The broker redelivers the open deliveries, to the next
// incarnation or to another registrar.
func (f *consumer) Terminate(c *consumerContext, _ otp.Reason) {
	f.spec.Status.down(f.spec.Name, c.Epoch(), nil)
	if f.current.consumer == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := f.current.consumer.Close(ctx); err != nil {
		c.Log().Debug().Err(err).Msg("consumer channel not closed")
	}
}

// State returns the phase and the number of jobs, for the console.
func (f *consumer) State() any {
	return struct {
		Phase                  string
		Open, Running, Waiting int
	}{f.state.phase.String(), len(f.jobs), f.admission.Running(), f.admission.Waiting()}
}
