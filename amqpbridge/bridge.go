package amqpbridge

import (
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/credential"
	"registrar/actors/directory"
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/amqpbridge/delivery"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/wire"
)

// Spec configures a bridge.
type Spec struct {
	System   *otp.System
	Dialer   link.Dialer
	Settings Settings
	// Sender identifies this registrar to its peers.
	Sender wire.Sender
	Realms *otp.Ref[credential.RealmsMessage]
	Users  *directory.Users
	// Registrations reads the committed records, for replies about many users.
	Registrations Registrations
	// Clocks holds the senders' clock offsets; nil means new ones.
	Clocks *Clocks
	// Now is the clock of the run, Started the start of the run by that clock.
	Now     func() time.Time
	Started time.Time
	Log     zerolog.Logger
}

// Option changes a bridge for tests.
type Option func(*Bridge)

// ObserveOutcomes calls observe with the outcome of each message that has a Msg-ID, on any
// goroutine. The simulator uses it to account for every message.
func ObserveOutcomes(observe func(component, outcome, msgID string)) Option {
	return func(b *Bridge) { b.outcomes.observer = observe }
}

// Bridge is the registrar's edge: its processes, their conditions and the outcomes of messages.
type Bridge struct {
	spec     Spec
	status   *status
	outcomes *outcomeCounters

	consuming, publishing *otp.Ref[connectionMessage]
	publisher             *otp.Ref[publisherMessage]
	notifier              *otp.Ref[notifierMessage]
	canary                *otp.Ref[canaryMessage]
	consumers             []consumerSpec

	responder     *responder
	rejects       *delivery.RejectLimiter
	replyKey      string // Server-ID of this registrar's own requests
	leader        atomic.Bool
	pendingEvents atomic.Int64 // registration events that wait for the notifier
	synced        atomic.Bool
}

// publishingName is the publishing connection's name on the broker and in [status].
const publishingName = "publishing"

// New returns a bridge. Its processes run once its [Bridge.Children] are started.
func New(s Spec, options ...Option) *Bridge {
	b := &Bridge{
		spec: s, outcomes: &outcomeCounters{}, rejects: delivery.NewRejectLimiter(), replyKey: ownKey(),
		status:     newStatus("consuming", publishingName, publisherName, "authn", "registrations", "queries"),
		consuming:  otp.NewRef[connectionMessage](s.System, "bridge/consuming"),
		publishing: otp.NewRef[connectionMessage](s.System, "bridge/publishing"),
		publisher:  otp.NewRef[publisherMessage](s.System, "bridge/publisher", otp.WithBound(maxPublisherMailbox)),
		notifier:   otp.NewRef[notifierMessage](s.System, "bridge/notifier"),
		canary:     otp.NewRef[canaryMessage](s.System, "bridge/canary"),
	}
	for _, option := range options {
		option(b)
	}
	if s.Settings.Canary > 0 {
		b.status.add(canaryName, "") // counts as up until requests are missed
	}
	b.leader.Store(s.Settings.Node == "" || s.Settings.Canary == 0)
	b.responder = &responder{
		settings: s.Settings, sender: s.Sender, publisher: b.publisher, outcomes: b.outcomes,
		now: s.Now, started: s.Started, leader: &b.leader,
	}
	clocks := s.Clocks
	if clocks == nil {
		clocks = NewClocks(24 * time.Hour)
	}
	b.consumers = []consumerSpec{b.authn(), b.registrations(clocks), b.queries()}
	return b
}

// Reasons returns one line for each component that is not up, sorted by component. Without any,
// the bridge consumes and publishes.
func (b *Bridge) Reasons() []string { return b.status.reasons() }

// Components returns the components of the bridge, sorted by name.
func (b *Bridge) Components() []domain.Component { return b.status.all() }

// Outcomes returns the outcomes of messages, sorted by component and outcome.
func (b *Bridge) Outcomes() []OutcomeCount { return b.outcomes.outcomes.sorted() }

// Retries returns the retries of each consumer.
func (b *Bridge) Retries() []OutcomeCount { return b.outcomes.retries.sorted() }

// RejectedTimestamps returns the number of messages with an unusable Event-Timestamp by consumer.
func (b *Bridge) RejectedTimestamps() []OutcomeCount {
	return b.outcomes.rejectedTimestamps.sorted()
}

func (b *Bridge) authn() consumerSpec {
	set := b.spec.Settings
	spec := b.consumer("authn", set.AuthnQueue, set.AuthnPrefetch)
	spec.Handler = &authnHandler{responder: b.responder, realms: b.spec.Realms}
	b.answersRequests(&spec)
	return spec
}

func (b *Bridge) registrations(clocks *Clocks) consumerSpec {
	set := b.spec.Settings
	spec := b.consumer("registrations", set.Reports(), set.RegistrationPrefetch)
	spec.Handler = &registrationHandler{
		responder: b.responder, users: b.spec.Users, realms: b.spec.Realms, store: b.spec.Registrations, clocks: clocks, rejects: b.rejects,
	}
	if set.SyncAtStart {
		spec.Announcement, spec.Announced = syncRequest(b.spec.Sender, set), &b.synced
	}
	return spec
}

func (b *Bridge) queries() consumerSpec {
	set := b.spec.Settings
	spec := b.consumer("queries", set.QueryQueue, set.QueryPrefetch)
	spec.Handler = &queryHandler{responder: b.responder, users: b.spec.Users, store: b.spec.Registrations}
	b.answersRequests(&spec)
	return spec
}

// consumer returns the common part of the consumers. Its process is bridge/NAME.
func (b *Bridge) consumer(name, queue string, prefetch int) consumerSpec {
	set := b.spec.Settings
	return consumerSpec{
		Name: name, Consumer: link.ConsumerSpec{Queue: queue, Prefetch: prefetch, Tag: "registrar-" + name},
		Admission: delivery.AdmissionLimits{Running: max(1, prefetch/2), KnownUsers: set.MaxKnown},
		Policy:    delivery.Policy{MaxCrashes: set.MaxCrashes},
		Self:      otp.NewRef[consumerMessage](b.spec.System, "bridge/"+name), Publisher: b.publisher, Connection: b.consuming,
		MalformedQueue: set.MalformedQueue, PoisonQueue: set.PoisonQueue, Rejects: b.rejects,
		Status: b.status, Outcomes: b.outcomes, Now: b.spec.Now,
	}
}

// answersRequests makes a consumer one of requests: they have a reply deadline, and are left to
// other registrars while no reply can be published. The consumer sheds requests before the
// prefetch is full, because in the broker's queue they would be late whoever sent them.
func (b *Bridge) answersRequests(s *consumerSpec) {
	prefetch := s.Consumer.Prefetch
	s.Policy.ReplyDeadline = b.spec.Settings.ReplyDeadline
	s.Answerable = func() bool { return b.status.isUp(publishingName) }
	s.Admission.Running, s.Admission.Waiting = max(1, prefetch/4), max(1, prefetch/2)
}

// Consumers returns the names of the consumers.
func (b *Bridge) Consumers() []string {
	var names []string
	for _, s := range b.consumers {
		names = append(names, s.Name)
	}
	return names
}

// Drain stops the consumers: each finishes and acknowledges its deliveries and takes no more. done is
// called once for each consumer, from any goroutine, when it has been drained or has failed.
func (b *Bridge) Drain(from otp.Origin, done func(consumer string, err error)) {
	for _, s := range b.consumers {
		reply := otp.NewFrom(func(_ consumerDrained, err error) { done(s.Name, err) })
		if err := s.Self.Tell(from, drainConsumer{From: reply}); err != nil {
			reply.Fail(err)
		}
	}
}

// Children declares the bridge's processes. Those that publish start before those that consume,
// so that the first request can be answered.
func (b *Bridge) Children() []otp.ChildSpec {
	specs := b.publishingChildren()
	var listeners []sessionListener
	for _, s := range b.consumers {
		specs = append(specs, child(s.Self, func() otp.Behaviour[consumerMessage] { return newConsumer(s) }))
		listeners = append(listeners, listenerOf(s.Self))
	}
	if b.spec.Settings.Canary > 0 {
		spec := b.canarySpec()
		specs = append(specs, child(b.canary, func() otp.Behaviour[canaryMessage] {
			return &canary{responder: b.responder, spec: spec}
		}))
		listeners = append(listeners, listenerOf(b.canary))
	}
	return append(specs, child(b.consuming, func() otp.Behaviour[connectionMessage] {
		return newConnection(connectionSpec{
			Name: "consuming", Dialer: b.spec.Dialer, Topology: b.spec.Settings.Topology(b.replyKey),
			Status: b.status, Listeners: listeners,
		})
	}))
}

func (b *Bridge) publishingChildren() []otp.ChildSpec {
	spec := publisherSpec{
		Self: b.publisher, Connection: b.publishing, Status: b.status, Outcomes: b.outcomes, Now: b.spec.Now,
	}
	return []otp.ChildSpec{
		child(b.publisher, func() otp.Behaviour[publisherMessage] { return newPublisher(spec) }),
		child(b.publishing, func() otp.Behaviour[connectionMessage] {
			return newConnection(connectionSpec{
				Name: publishingName, Dialer: b.spec.Dialer, Status: b.status,
				Listeners: []sessionListener{listenerOf(b.publisher)},
			})
		}),
		child(b.notifier, func() otp.Behaviour[notifierMessage] {
			return &notifier{responder: b.responder, realms: b.spec.Realms, pending: &b.pendingEvents}
		}),
	}
}

func (b *Bridge) canarySpec() canarySpec {
	spec := canarySpec{
		Self: b.canary, Consuming: b.consuming, Publishing: b.publishing, Status: b.status, Outcomes: b.outcomes,
		Key: b.replyKey, Every: b.spec.Settings.Canary, Leader: &b.leader,
	}
	if b.spec.Settings.Node != "" {
		spec.LeaderQueue = b.spec.Settings.LeaderQueue
	}
	return spec
}

func child[M any](ref *otp.Ref[M], behaviour func() otp.Behaviour[M]) otp.ChildSpec {
	return otp.ChildSpec{ID: ref.Name(), Start: otp.Worker(ref, behaviour)}
}
