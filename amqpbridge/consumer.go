package amqpbridge

import (
	"context"
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/wire"
)

// FlowMessage is what a flow's actor understands.
type ConsumerMessage interface{ flowMessage() }

// Drain asks a flow to take no more deliveries, to finish those in hand and to acknowledge them. It is answered when that is
// done; the flow stays idle then.
type Drain struct{ otp.From[Drained] }

// Drained answers a [Drain].
type Drained struct{}

// subscription is one attempt to consume, by one incarnation in one session: delivery tags mean something in it alone.
type subscription struct{ session link.Session }

// consuming is the end of an attempt to consume.
type consuming struct {
	by       *subscription
	consumer link.Consumer
	cleanup  cleanup // of the consumer
	err      error
}

// delivered is one delivery of the broker, taken at a time of the run's clock.
type delivered struct {
	by *subscription
	d  link.Delivery
	at time.Time
}

// outcome is the end of the work on one delivery: it is settled, or it is tried again, as its error says.
type outcome struct {
	j    *job
	err  error
	then func(c *otp.Context[ConsumerMessage]) string  // what is left to do on the flow's goroutine; returns the outcome's name
	more func(c *otp.Context[ConsumerMessage], j *job) // instead of then: work that goes on
}

// again asks for the next try of a delivery.
type again struct{ j *job }

// served says that the artificial time of the work on a delivery is over.
type served struct{ j *job }

// parked is the end of an attempt to put a delivery aside.
type parked struct {
	j   *job
	err error
}

// step goes on with work on a delivery that takes several: it runs on the flow's goroutine.
type step struct {
	j   *job
	run func(c *otp.Context[ConsumerMessage])
}

// flush asks for the acknowledgements that are due. It waits behind what is queued, so that one acknowledgement covers much.
type flush struct{}

// cancelled says that the broker will deliver nothing more.
type cancelled struct{ err error }

// filled asks whether the prefetch is full, or the queue empty.
type filled struct{}

// emptied says that everything that was delivered has been taken in.
type emptied struct{}

func (Drain) flowMessage()     {}
func (emptied) flowMessage()   {}
func (filled) flowMessage()    {}
func (consuming) flowMessage() {}
func (delivered) flowMessage() {}
func (outcome) flowMessage()   {}
func (again) flowMessage()     {}
func (served) flowMessage()    {}
func (parked) flowMessage()    {}
func (step) flowMessage()      {}
func (flush) flowMessage()     {}
func (cancelled) flowMessage() {}

// job is the work on one delivery: kept from its arrival until its outcome, so that it can be handed again when an actor on its way
// dies. The flow's goroutine alone touches it.
type job struct {
	by      *subscription
	d       link.Delivery
	at      time.Time
	tries   int
	crashes int // how many of them have crashed their actor
	msg     wire.Message
	route   wire.Route
	// waited says that the message may have been in the queue for long.
	waited bool
	// who is the user that it is about, as far as one can tell; place is where it stands with the gate.
	aor       domain.Key
	admission admission
	// canary says that a registrar asks to see whether it is answered.
	canary bool
	// key is the user whose reports must keep their order, or the realm when it has no user; the zero key is nobody.
	orderKey domain.Key
	// stamp and age are those of a report, see [Clocks].
	stamp domain.Stamp
	age   time.Duration
	// unfit says that it does not fit in the store, which is full, and waits for room.
	waitingForSpace bool
	// worth is how long after its arrival an answer is worth something; zero is for ever.
	replyTTL time.Duration
	// aside is where it is put that cannot be used; nil while it can.
	aside *aside
}

// FlowSpec is what a flow needs. It is immutable.
type ConsumerSpec struct {
	// Name is authn, registrations or queries; Consumer says from where, with which prefetch.
	Name     string
	Consumer link.ConsumerSpec
	// Read decodes a delivery into its job; what is wrong with it is an error.
	Read func(j *job) error
	// Ask starts the work on a delivery that was read, and has its end reported with done, once: at once or later, from the
	// flow's goroutine.
	Ask func(c *otp.Context[ConsumerMessage], j *job, done func(outcome))
	// Window is how many deliveries are worked on at a time, Waiting how many more may wait for that before some are shed; zero Waiting sheds none.
	Window, Waiting int
	// Known is how many users are remembered at least that were answered lately.
	Known int
	// Service is an artificial time that the work on each delivery takes, one after the other: for tests of overload.
	Service time.Duration
	// Quiet is how long nothing has to come for the queue to be taken for empty; zero is fillQuiet.
	Quiet time.Duration
	// Policy says what becomes of a delivery whose work has failed.
	Policy    Policy
	Publisher *otp.Ref[PublisherMessage]
	// Connection is asked for its session when the flow starts.
	Connection *otp.Ref[ConnectionMessage]
	Self       *otp.Ref[ConsumerMessage]
	Malformed  string // the queue for what cannot be read
	Poison     string // the queue for what could be read and not be applied
	Status     *Status
	Tally      *Tally
	// Answerable says whether what comes of the work can be sent at all; nil is always.
	Answerable func() bool
	// Garbage bounds what is said and put aside about messages that cannot be used.
	Garbage *rejectLimiter
	// Up is told each time that the flow has begun to consume; nil is nobody.
	Up func(c *otp.Context[ConsumerMessage])
	// Now is the clock of the run.
	Now func() time.Time
}

// Flow consumes one queue: it keeps every delivery until its outcome and acknowledges it then. Deliveries about one user that must
// keep their order are worked on one at a time: should one have to be tried again, no later one overtakes it. Its goroutine alone
// touches it.
type Consumer struct {
	spec     ConsumerSpec
	port     sessionPort
	by       *subscription // the one whose deliveries are taken; nil is none
	consumer link.Consumer
	cleanup  cleanup // of the consumer
	acks     acks
	jobs     map[*job]struct{}
	order    *order
	gate     *admissionQueue
	full     time.Time // when the prefetch was last exhausted: what comes soon after it has waited
	flushing bool
	draining bool
	holding  bool   // acknowledges nothing for now, see fill
	taken    uint64 // deliveries so far
	quiet    uint64 // the same when fill looked last
	fills    int    // how often it has
	stopped  bool   // the broker delivers nothing more
	drains   []Drain
}

// NewFlow returns the behaviour of a flow.
func NewConsumer(spec ConsumerSpec) *Consumer {
	return &Consumer{spec: spec, jobs: map[*job]struct{}{}, order: newOrder(), gate: spec.gate()}
}

// Init asks the connection for its session; one that comes up later is announced.
func (f *Consumer) Init(c *otp.Context[ConsumerMessage]) error {
	f.spec.Status.down(f.spec.Name, c.Epoch(), errNotStarted)
	f.port.subscribe(c, f.spec.Connection, listenerOf(f.spec.Self))
	return nil
}

// Handle takes one message.
func (f *Consumer) Handle(c *otp.Context[ConsumerMessage], msg ConsumerMessage) {
	switch m := msg.(type) {
	case delivered:
		f.onDelivered(c, m)
	case outcome:
		f.onOutcome(c, m)
	case again:
		f.again(c, m.j)
	case served:
		f.ask(c, m.j)
	case parked:
		f.onParked(c, m)
	case step:
		if _, ours := f.jobs[m.j]; ours || m.j == nil {
			m.run(c)
		}
	case flush:
		f.flush(c)
	case retrySession:
		f.onRetry(c, m)
	case sessionChanged:
		f.onSession(c, m)
	case consuming:
		f.onConsuming(c, m)
	case Drain:
		f.onDrain(c, m)
	case cancelled:
		c.Enqueue(emptied{}) // what has been delivered before stands in the queue; this word has overtaken it
	case emptied:
		f.stopped, f.holding = true, false
		f.flush(c)
		f.settleDrains()
	case filled:
		f.onFilled(c)
	}
}

// Terminate gives up the channel: what was not acknowledged comes again, to the next incarnation or to another registrar.
func (f *Consumer) Terminate(c *otp.Context[ConsumerMessage], _ otp.Reason) {
	f.spec.Status.down(f.spec.Name, c.Epoch(), nil)
	if f.consumer == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := f.consumer.Close(ctx); err != nil {
		c.Log().Debug().Err(err).Msg("closing the consumer's channel")
	}
}

// State is what an operator may see.
func (f *Consumer) State() any {
	return struct {
		Consuming, Draining      bool
		InHand, Working, Waiting int
	}{f.consumer != nil, f.draining, len(f.jobs), f.gate.working, f.gate.waiting}
}
