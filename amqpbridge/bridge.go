package amqpbridge

import (
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/credential"
	"registrar/actors/directory"
	"registrar/actors/otp"
	"registrar/amqpbridge/delivery"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/wire"
)

// Spec is what the bridge needs of the rest of the house.
type Spec struct {
	System   *otp.System
	Dialer   link.Dialer
	Settings Settings
	// Sender names this registrar to its peers.
	Sender wire.Sender
	Realms *otp.Ref[credential.RealmsMessage]
	Users  *directory.Users
	// Registrations reads the file for answers about many users.
	Registrations Registrations
	// Clocks knows the senders' clocks; nil makes a new one.
	Clocks *Clocks
	// Now is the clock of the run; Started is when it began, by that clock.
	Now     func() time.Time
	Started time.Time
	Log     zerolog.Logger
}

// Bridge is the edge of the registrar: the addresses of its processes, their declaration, and what they say about themselves.
type Bridge struct {
	Status *Status
	Tally  *Tally
	spec   Spec

	consuming, publishing *otp.Ref[ConnectionMessage]
	publisher             *otp.Ref[PublisherMessage]
	shared                *responder
	notices               *otp.Ref[NotifierMessage]
	pulse                 *otp.Ref[CanaryMessage]
	key                   string // where answers to our own questions are sent
	leads                 atomic.Bool
	consumers             []ConsumerSpec
	rejects               *delivery.RejectLimiter
	news                  atomic.Int64 // news that wait for their notices
	synced                atomic.Bool
}

// publishingPart is the name of the connection that publishes, and its part in [Status].
const publishingPart = "publishing"

// New lays out a bridge. Nothing runs before its [Bridge.Children] are started.
func New(s Spec) *Bridge {
	b := &Bridge{
		spec: s, Tally: &Tally{},
		Status:     NewStatus("consuming", publishingPart, publisherPart, "authn", "registrations", "queries"),
		consuming:  otp.NewRef[ConnectionMessage](s.System, "bridge/consuming"),
		publishing: otp.NewRef[ConnectionMessage](s.System, "bridge/publishing"),
		publisher:  otp.NewRef[PublisherMessage](s.System, "bridge/publisher", otp.WithBound(publisherWaiting)),
	}
	b.pulse, b.key = otp.NewRef[CanaryMessage](s.System, "bridge/canary"), ownKey()
	if s.Settings.Canary > 0 {
		b.Status.add(pulsePart, "") // not waited for: it is in trouble when its questions go unanswered
	}
	b.leads.Store(s.Settings.Node == "" || s.Settings.Canary == 0)
	b.notices, b.rejects = otp.NewRef[NotifierMessage](s.System, "bridge/notifier"), delivery.NewRejectLimiter()
	if s.Clocks == nil {
		s.Clocks = NewClocks(24 * time.Hour)
	}
	b.shared = &responder{settings: s.Settings, sender: s.Sender, publisher: b.publisher, tally: b.Tally, now: s.Now, started: s.Started, leads: &b.leads}
	b.consumers = []ConsumerSpec{b.authn(), b.registrations(s.Clocks), b.queries()}
	return b
}

func (b *Bridge) authn() ConsumerSpec {
	set := b.spec.Settings
	spec := b.consumer("authn", set.AuthnQueue, set.AuthnPrefetch)
	spec.Handler = &authnHandler{responder: b.shared, realms: b.spec.Realms}
	b.answersRequests(&spec)
	return spec
}

func (b *Bridge) registrations(clocks *Clocks) ConsumerSpec {
	set := b.spec.Settings
	spec := b.consumer("registrations", set.Reports(), set.RegistrationPrefetch)
	spec.Handler = &registrationHandler{
		responder: b.shared, users: b.spec.Users, realms: b.spec.Realms, store: b.spec.Registrations, clocks: clocks, rejects: b.rejects,
	}
	if set.SyncAtStart {
		spec.Announcement, spec.Announced = syncRequest(b.spec.Sender, set), &b.synced
	}
	return spec
}

func (b *Bridge) queries() ConsumerSpec {
	set := b.spec.Settings
	spec := b.consumer("queries", set.QueryQueue, set.QueryPrefetch)
	spec.Handler = &queryHandler{responder: b.shared, users: b.spec.Users, store: b.spec.Registrations}
	b.answersRequests(&spec)
	return spec
}

// consumer returns the common part of the consumers. Its process is bridge/NAME.
func (b *Bridge) consumer(name, queue string, prefetch int) ConsumerSpec {
	set := b.spec.Settings
	return ConsumerSpec{
		Name: name, Consumer: link.ConsumerSpec{Queue: queue, Prefetch: prefetch, Tag: "registrar-" + name},
		Admission: delivery.AdmissionLimits{Running: max(1, prefetch/2), KnownUsers: set.MaxKnown},
		Policy:    delivery.Policy{MaxCrashes: set.MaxCrashes},
		Self:      otp.NewRef[ConsumerMessage](b.spec.System, "bridge/"+name), Publisher: b.publisher, Connection: b.consuming,
		MalformedQueue: set.MalformedQueue, PoisonQueue: set.PoisonQueue, Rejects: b.rejects,
		Status: b.Status, Tally: b.Tally, Now: b.spec.Now,
	}
}

// answersRequests makes a consumer one of requests: they have a reply deadline, and are left to other
// registrars while no reply can be published. The consumer sheds requests before the prefetch is
// full, because in the broker's queue they would be late whoever sent them.
func (b *Bridge) answersRequests(s *ConsumerSpec) {
	prefetch := s.Consumer.Prefetch
	s.Policy.ReplyDeadline = b.spec.Settings.ReplyDeadline
	s.Answerable = func() bool { return b.Status.isUp(publishingPart) }
	s.Admission.Running, s.Admission.Waiting = max(1, prefetch/4), max(1, prefetch/2)
}

// Flows returns the addresses of the flows, to drain them before a stop.
func (b *Bridge) Flows() []*otp.Ref[ConsumerMessage] {
	var refs []*otp.Ref[ConsumerMessage]
	for _, s := range b.consumers {
		refs = append(refs, s.Self)
	}
	return refs
}

// Children declares the bridge's processes: publishing before consuming, so that the first question can be answered.
func (b *Bridge) Children() []otp.ChildSpec {
	pub := PublisherSpec{Self: b.publisher, Connection: b.publishing, Status: b.Status, Tally: b.Tally, Now: b.spec.Now}
	specs := []otp.ChildSpec{
		child(b.publisher, func() otp.Behaviour[PublisherMessage] { return NewPublisher(pub) }),
		child(b.publishing, func() otp.Behaviour[ConnectionMessage] {
			return NewConnection(ConnectionSpec{
				Name: publishingPart, Dialer: b.spec.Dialer, Status: b.Status, Listeners: []sessionListener{listenerOf(b.publisher)},
			})
		}),
	}
	specs = append(specs, child(b.notices, func() otp.Behaviour[NotifierMessage] {
		return &notifier{responder: b.shared, self: b.notices, realms: b.spec.Realms, pending: &b.news}
	}))
	var listeners []sessionListener
	for _, s := range b.consumers {
		specs = append(specs, child(s.Self, func() otp.Behaviour[ConsumerMessage] { return NewConsumer(s) }))
		listeners = append(listeners, listenerOf(s.Self))
	}
	if b.spec.Settings.Canary > 0 {
		spec := b.pulseSpec()
		specs = append(specs, child(b.pulse, func() otp.Behaviour[CanaryMessage] { return &canary{responder: b.shared, spec: spec} }))
		listeners = append(listeners, listenerOf(b.pulse))
	}
	return append(specs, child(b.consuming, func() otp.Behaviour[ConnectionMessage] {
		return NewConnection(ConnectionSpec{
			Name: "consuming", Dialer: b.spec.Dialer, Topology: b.spec.Settings.Topology(b.key), Status: b.Status, Listeners: listeners,
		})
	}))
}

func (b *Bridge) pulseSpec() CanarySpec {
	spec := CanarySpec{
		Self: b.pulse, Consuming: b.consuming, Publishing: b.publishing, Status: b.Status, Tally: b.Tally, Key: b.key,
		Every: b.spec.Settings.Canary, Leads: &b.leads,
	}
	if b.spec.Settings.Node != "" {
		spec.Leaders = b.spec.Settings.LeaderQueue
	}
	return spec
}

func child[M any](ref *otp.Ref[M], behaviour func() otp.Behaviour[M]) otp.ChildSpec {
	return otp.ChildSpec{ID: ref.Name(), Start: otp.Worker(ref, behaviour)}
}
