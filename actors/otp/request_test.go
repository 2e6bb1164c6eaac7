package otp_test

import (
	"context"
	"errors"
	"testing"

	"registrar/actors/fault"
	"registrar/actors/otp"
)

func TestHeldRequestsFailOnCrash(t *testing.T) {
	p := startTree(t, lenient, []string{"a"})
	got := make(chan error, 1)
	p.tell("a", hold{otp.NewFrom(func(_ string, err error) { got <- err })})
	p.j.await("held a", 1)
	p.tell("a", boom{})
	if err := <-got; !errors.Is(err, otp.ErrCrashed) {
		t.Errorf("got %v", err)
	}
}

func TestForwardedRequestBelongsToTheNextHolder(t *testing.T) {
	p := startTree(t, lenient, nil, func(p *testTree, s *otp.SupSpec) {
		b := otp.NewRef[msg](p.sys, "b")
		a := otp.NewRef[msg](p.sys, "a")
		p.refs["a"], p.refs["b"] = a, b
		s.Children = []otp.ChildSpec{
			{ID: "b", Start: otp.Worker(b, func() otp.Behaviour[msg] { return &worker{name: "b", j: p.j} })},
			{ID: "a", Start: otp.Worker(a, func() otp.Behaviour[msg] { return &worker{name: "a", j: p.j, next: b} })},
		}
	})
	until := make(chan struct{})
	p.tell("b", block{until})
	p.j.await("blocked b", 1)
	got := make(chan string, 1)
	p.tell("a", echo{otp.NewFrom(func(s string, err error) {
		if err != nil {
			s = err.Error()
		}
		got <- s
	})})
	p.tell("a", note{"forwarded"})
	p.j.await("forwarded", 1)
	p.tell("a", boom{}) // the request is no longer held by the forwarder
	p.j.await("init a", 2)
	close(until)
	if s := <-got; s != "b" {
		t.Errorf("answered %q", s)
	}
}

func TestDuplicateReplyIsDropped(t *testing.T) {
	s := otp.NewSystem()
	ref := otp.NewRef[msg](s, "a")
	app, err := otp.Start(t.Context(), s, "top", otp.SupSpec{Children: []otp.ChildSpec{{ID: "a", Start: otp.Worker(ref,
		func() otp.Behaviour[msg] { return &worker{name: "a", j: newJournal()} })}}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := ask(t, ref, func(f otp.From[string]) msg {
		return fn{func(*otp.Context[msg]) { f.Reply("first"); f.Reply("second") }}
	})
	if _, err := ask(t, ref, asEcho); err != nil { // handled after the second reply
		t.Error(err)
	}
	if err != nil || got != "first" || s.DuplicateReplies() != 1 {
		t.Errorf("got %q, %v, %d duplicate replies", got, err, s.DuplicateReplies())
	}
	if err := app.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestReplyAfterTheDeadlineIsNotDelivered(t *testing.T) {
	p := startTree(t, lenient, []string{"a"})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		p.j.await("held a", 1)
		cancel()
	}()
	var late otp.From[string]
	got, err := otp.Call(ctx, otp.External("test"), p.refs["a"], func(f otp.From[string]) msg { late = f; return hold{f} })
	if !errors.Is(err, context.Canceled) || got != "" {
		t.Errorf("got %q, %v", got, err)
	}
	p.tell("a", fn{func(*otp.Context[msg]) { late.Reply("late") }})
	if got, err := ask(t, p.refs["a"], asEcho); err != nil || got != "a" {
		t.Errorf("got %q, %v", got, err)
	}
	if n := p.sys.DuplicateReplies(); n != 1 {
		t.Errorf("%d late replies dropped", n)
	}
}

// notified is a message without an answer that implements Undelivered.
type notified struct{ undelivered chan<- error }

func (notified) testMessage()            {}
func (m notified) Undelivered(err error) { m.undelivered <- err }

func TestQueuedMessageIsUndelivered(t *testing.T) {
	p := startTree(t, lenient, []string{"a"}, func(_ *testTree, s *otp.SupSpec) { s.Children[0].Restart = otp.Temporary })
	until, undelivered := make(chan struct{}), make(chan error, 1)
	p.tell("a", block{until})
	p.j.await("blocked a", 1)
	p.tell("a", exit{otp.Normal})
	p.tell("a", notified{undelivered})
	close(until)
	if err := <-undelivered; !errors.Is(err, otp.ErrNoProcess) {
		t.Errorf("got %v", err)
	}
}

// A message whose handler crashed may or may not have been handled: Undelivered is called.
func TestMessageOfCrashIsUndelivered(t *testing.T) {
	for _, at := range []fault.Point{fault.BeforeHandle, fault.AfterHandle} {
		for _, kind := range []fault.Kind{fault.Panic, fault.Goexit} {
			p := startTree(t, lenient, []string{"a"})
			if _, err := p.faults.Arm(fault.Rule{Point: at, Kind: kind, Process: "a", Message: "notified"}); err != nil {
				t.Fatal(err)
			}
			undelivered := make(chan error, 1)
			p.tell("a", notified{undelivered})
			var crash *otp.CrashError
			if err := <-undelivered; !errors.As(err, &crash) {
				t.Errorf("%s at %s: got %v", kind, at, err)
			}
		}
	}
}

func TestStoppedProcessFailsQueuedRequests(t *testing.T) {
	p := startTree(t, lenient, []string{"a"})
	until := make(chan struct{})
	p.tell("a", block{until})
	p.j.await("blocked a", 1)
	got := make(chan error, 1)
	stopped := make(chan error, 1)
	go func() { stopped <- p.app.Stop(context.Background()) }()
	p.tell("a", echo{otp.NewFrom(func(_ string, err error) { got <- err })})
	p.tell("a", exit{otp.Normal})
	close(until)
	if err := <-got; err != nil && !errors.Is(err, otp.ErrNoProcess) {
		t.Errorf("a queued request failed with %v", err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}
