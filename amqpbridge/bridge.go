package amqpbridge

import (
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/credential"
	"registrar/actors/directory"
	"registrar/actors/otp"
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
	flows                 []flowDecl
	garbage               *rejectLimiter
	news                  atomic.Int64 // news that wait for their notices
	synced                atomic.Bool
}

// publishingPart is the name of the connection that publishes, and its part in [Status].
const publishingPart = "publishing"

// flowDecl is one flow: its address and what it is made of.
type flowDecl struct {
	ref  *otp.Ref[ConsumerMessage]
	spec ConsumerSpec
}

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
	b.notices, b.garbage = otp.NewRef[NotifierMessage](s.System, "bridge/notifier"), newRejectLimiter()
	if s.Clocks == nil {
		s.Clocks = NewClocks(24 * time.Hour)
	}
	shared := &responder{settings: s.Settings, sender: s.Sender, publisher: b.publisher, tally: b.Tally, now: s.Now, started: s.Started, leads: &b.leads}
	set := s.Settings
	b.shared = shared
	reports := &registrations{
		responder: shared, users: s.Users, realms: s.Realms, store: s.Registrations, clocks: s.Clocks, said: b.garbage,
	}
	question := Policy{Budget: set.ReplyDeadline, Crashes: set.MaxCrashes}
	b.flow("authn", link.ConsumerSpec{Queue: set.AuthnQueue, Prefetch: set.AuthnPrefetch}, question, shared.read, (&authn{shared, s.Realms}).ask)
	b.flow("registrations", link.ConsumerSpec{Queue: set.Reports(), Prefetch: set.RegistrationPrefetch},
		Policy{Crashes: set.MaxCrashes}, reports.read, reports.ask)
	b.flow("queries", link.ConsumerSpec{Queue: set.QueryQueue, Prefetch: set.QueryPrefetch}, question, shared.read,
		(&queries{shared, s.Users, s.Registrations}).ask)
	if set.SyncAtStart {
		b.flows[1].spec.Up = func(c *otp.Context[ConsumerMessage]) {
			if !b.synced.Swap(true) {
				reports.askForSync(c)
			}
		}
	}
	return b
}

func (b *Bridge) flow(name string, consumer link.ConsumerSpec, p Policy, read func(*job) error,
	ask func(*otp.Context[ConsumerMessage], *job, func(outcome)),
) {
	ref := otp.NewRef[ConsumerMessage](b.spec.System, "bridge/"+name)
	consumer.Tag = "registrar-" + name
	b.flows = append(b.flows, flowDecl{ref: ref, spec: ConsumerSpec{
		Name: name, Consumer: consumer, Read: read, Ask: ask, Policy: p, Publisher: b.publisher, Connection: b.consuming, Self: ref,
		Malformed: b.spec.Settings.MalformedQueue, Poison: b.spec.Settings.PoisonQueue, Status: b.Status, Tally: b.Tally, Now: b.spec.Now,
		Garbage: b.garbage, Window: max(1, consumer.Prefetch/2), Known: b.spec.Settings.MaxKnown, Service: b.spec.Settings.Service, Quiet: b.spec.Settings.Quiet,
	}})
	if spec := &b.flows[len(b.flows)-1].spec; p.Budget > 0 {
		spec.Answerable = func() bool { return b.Status.isUp(publishingPart) }
		// A question has to be given up before the broker holds questions back: there it would grow late whoever it is from.
		spec.Window, spec.Waiting = max(1, consumer.Prefetch/4), max(1, consumer.Prefetch/2)
	}
}

// Flows returns the addresses of the flows, to drain them before a stop.
func (b *Bridge) Flows() []*otp.Ref[ConsumerMessage] {
	var refs []*otp.Ref[ConsumerMessage]
	for _, f := range b.flows {
		refs = append(refs, f.ref)
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
	for _, f := range b.flows {
		specs = append(specs, child(f.ref, func() otp.Behaviour[ConsumerMessage] { return NewConsumer(f.spec) }))
		listeners = append(listeners, listenerOf(f.ref))
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
