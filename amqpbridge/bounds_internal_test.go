package amqpbridge

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/credential"
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/otp/otptest"
	"registrar/actors/registration"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/memory"
)

func run(t *testing.T, sys *otp.System, children ...otp.ChildSpec) {
	t.Helper()
	app, err := otp.Start(context.Background(), sys, "test", otp.SupSpec{Children: children})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := app.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func reached(t *testing.T, what string, ok func() bool) {
	t.Helper()
	if !otptest.Eventually(ok) {
		t.Fatalf("not %s in time", what)
	}
}

// A broker that confirms nothing holds up what needs a confirm and no answer: what finds no place is refused at once.
func TestPublisherWaitsForNoConfirm(t *testing.T) {
	sys, broker, tally := otp.NewSystem(), memory.New(), &Tally{}
	spec := PublisherSpec{
		Self: otp.NewRef[PublisherMessage](sys, "publisher"), Connection: otp.NewRef[ConnectionMessage](sys, "connection"),
		Status: NewStatus(publisherPart), Tally: tally, Now: time.Now,
	}
	run(t, sys, child(spec.Self, func() otp.Behaviour[PublisherMessage] { return NewPublisher(spec) }))
	session, err := broker.Dial(t.Context(), "publishing")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close(context.Background()) }()
	if err := session.Apply(t.Context(), link.Topology{Queues: []link.Queue{{Name: "aside", Durable: true}}}); err != nil {
		t.Fatal(err)
	}
	from := otp.External("test")
	listenerOf(spec.Self)(from, sessionChanged{session: session, by: 1})
	reached(t, "up", func() bool { return spec.Status.isUp(publisherPart) })
	broker.HoldConfirms(true)
	got := make(chan error, link.Window+2)
	park := func() {
		_ = spec.Self.Tell(from, Park{
			From: otp.NewFrom(func(_ Parked, err error) { got <- err }), Publishing: link.Publishing{Key: "aside", Mandatory: true},
		})
	}
	for range link.Window + 1 {
		park()
	}
	if err := <-got; domain.KindOf(err) != domain.Overloaded {
		t.Errorf("one too many is answered with %v", err)
	}
	_ = spec.Self.Tell(from, Send{Publishing: link.Publishing{Key: "aside"}})
	reached(t, "sent", func() bool { return tally.Get(publisherPart, "sent") == 1 })
	broker.HoldConfirms(false)
	for i := range link.Window + 1 {
		if i == link.Window {
			park()
		}
		if err := <-got; err != nil {
			t.Fatal(err)
		}
	}
}

// patient is the realms' process: it keeps its questions.
type patient struct {
	otp.Behaviour[credential.RealmsMessage]
	mu   sync.Mutex
	kept []credential.Ask
}

func (*patient) Init(*otp.Context[credential.RealmsMessage]) error { return nil }

func (*patient) Terminate(*otp.Context[credential.RealmsMessage], otp.Reason) {}

func (p *patient) Handle(_ *otp.Context[credential.RealmsMessage], m credential.RealmsMessage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ask, ok := m.(credential.Ask); ok {
		p.kept = append(p.kept, ask)
	}
}

func (p *patient) asked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.kept)
}

// News whose owner is not known yet wait like any other: they are bounded.
func TestNoticesWaitForTheirOwners(t *testing.T) {
	sys, asked := otp.NewSystem(), &patient{}
	set := DefaultSettings()
	set.Canary, set.ReplyDeadline = 0, time.Hour
	realms := otp.NewRef[credential.RealmsMessage](sys, "realms")
	b := New(Spec{System: sys, Dialer: memory.New(), Settings: set, Realms: realms, Now: time.Now, Log: zerolog.Nop()})
	run(t, sys, child(realms, func() otp.Behaviour[credential.RealmsMessage] { return asked }), child(b.notices, func() otp.Behaviour[NotifierMessage] {
		return &notifier{responder: b.shared, self: b.notices, realms: realms, pending: &b.news}
	}))
	from, up := otp.External("test"), registration.Event{Kind: registration.UserRegistered, Key: domain.Key{Realm: "acme.test", User: "100"}}
	for range noticesMost {
		b.Notify(from, up)
	}
	reached(t, "asked", func() bool { return asked.asked() == noticesMost })
	b.Notify(from, up)
	if n := b.Tally.Get(noticesPart, "overloaded"); n != 1 {
		t.Errorf("%d are left out when %d wait", n, noticesMost)
	}
	for _, ask := range asked.kept {
		ask.Reply(credential.Found{})
	}
	reached(t, "done", func() bool { return b.Tally.Get(noticesPart, "no_account") == noticesMost })
	b.Notify(from, up)
	reached(t, "asked again", func() bool { return asked.asked() == noticesMost+1 })
}
