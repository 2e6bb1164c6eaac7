package amqpbridge

import (
	"context"
	"testing"
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/otp/otptest"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/memory"
)

// startChildren runs processes until the test ends.
func startChildren(t *testing.T, sys *otp.System, children ...otp.ChildSpec) {
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

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	if !otptest.Eventually(ok) {
		t.Fatalf("not %s in time", what)
	}
}

// A broker that confirms nothing blocks no unconfirmed publish. A confirmed publish beyond the
// link's window is refused at once.
func TestOutstandingConfirmsDoNotBlock(t *testing.T) {
	sys, broker, tally := otp.NewSystem(), memory.New(), &outcomeCounters{}
	spec := publisherSpec{
		Self:       otp.NewRef[publisherMessage](sys, "publisher"),
		Connection: otp.NewRef[connectionMessage](sys, "connection"),
		Status:     newStatus(publisherName), Outcomes: tally, Now: time.Now,
	}
	startChildren(t, sys, child(spec.Self, func() otp.Behaviour[publisherMessage] { return newPublisher(spec) }))
	session, err := broker.Dial(t.Context(), "publishing")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close(context.Background()) }()
	topology := link.Topology{Queues: []link.Queue{{Name: "parking", Durable: true}}}
	if err := session.Apply(t.Context(), topology); err != nil {
		t.Fatal(err)
	}
	from := otp.External("test")
	listenerOf(spec.Self)(from, sessionChanged{session: session, by: 1})
	eventually(t, "up", func() bool { return spec.Status.isUp(publisherName) })
	broker.HoldConfirms(true)
	replies := make(chan error, link.Window+2)
	park := func() {
		_ = spec.Self.Tell(from, publishConfirmed{
			From:       otp.NewFrom(func(_ confirmed, err error) { replies <- err }),
			Publishing: link.Publishing{Key: "parking", Mandatory: true},
		})
	}
	for range link.Window + 1 {
		park()
	}
	if err := <-replies; domain.KindOf(err) != domain.Overloaded {
		t.Errorf("a publish beyond the window is answered with %v", err)
	}
	_ = spec.Self.Tell(from, publishMessage{Publishing: link.Publishing{Key: "parking"}})
	eventually(t, "sent", func() bool { return tally.get(publisherName, "sent") == 1 })
	broker.HoldConfirms(false)
	for i := range link.Window + 1 {
		if i == link.Window {
			park()
		}
		if err := <-replies; err != nil {
			t.Fatal(err)
		}
	}
}
