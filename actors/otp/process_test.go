package otp_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar/actors/otp"
)

var lenient = otp.SupSpec{Intensity: 100, Period: time.Minute}

func TestCallIsAnswered(t *testing.T) {
	p := startTree(t, lenient, []string{"a"})
	if got, err := ask(t, p.refs["a"], asEcho); err != nil || got != "a" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestCrashFailsRequestAndRestartsInPlace(t *testing.T) {
	p := startTree(t, lenient, []string{"a"})
	_, err := ask(t, p.refs["a"], asBoom)
	var crash *otp.CrashError
	if !errors.As(err, &crash) || !errors.Is(err, otp.ErrCrashed) {
		t.Fatalf("got %v", err)
	}
	if crash.Reason.Term != "boom" || !strings.Contains(string(crash.Reason.Stack), "Handle") || !strings.Contains(crash.Reason.Message, "boom") {
		t.Errorf("the crash says %v, stack %s", crash.Reason, crash.Reason.Stack)
	}
	p.awaitEcho("a")
	if diff := cmp.Diff([]string{"init a", "end a crash", "init a"}, p.j.all()); diff != "" {
		t.Error(diff)
	}
}

// Queued messages survive a restart in place.
func TestQueueSurvivesARestart(t *testing.T) {
	p := startTree(t, lenient, []string{"a"})
	until := make(chan struct{})
	p.tell("a", block{until})
	p.j.await("blocked a", 1)
	p.tell("a", boom{})
	answers := make(chan string, 10)
	for range 10 {
		p.tell("a", echo{otp.NewFrom(func(s string, err error) {
			if err != nil {
				s = err.Error()
			}
			answers <- s
		})})
	}
	close(until)
	for range 10 {
		if s := <-answers; s != "a" {
			t.Errorf("answered %q", s)
		}
	}
}

func TestGoexitIsACrash(t *testing.T) {
	p := startTree(t, lenient, []string{"a"})
	p.tell("a", goexit{})
	p.j.await("init a", 2)
	p.awaitEcho("a")
}

func TestPanicInTerminateIsIgnored(t *testing.T) {
	p := startTree(t, lenient, nil, func(p *testTree, s *otp.SupSpec) {
		a := otp.NewRef[msg](p.sys, "a")
		p.refs["a"] = a
		s.Children = []otp.ChildSpec{{ID: "a", Start: otp.Worker(a, func() otp.Behaviour[msg] {
			return &worker{name: "a", j: p.j, panicEnd: true}
		})}}
	})
	p.tell("a", boom{})
	p.j.await("init a", 2)
	if err := p.app.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if p.refs["a"].Bound() {
		t.Error("the address is still bound")
	}
}

func TestTellWithoutProcess(t *testing.T) {
	s := otp.NewSystem()
	ref := otp.NewRef[msg](s, "nobody")
	if err := ref.Tell(otp.External("test"), note{}); !errors.Is(err, otp.ErrNoProcess) {
		t.Errorf("got %v", err)
	}
	if _, err := ask(t, ref, asEcho); !errors.Is(err, otp.ErrNoProcess) {
		t.Errorf("got %v", err)
	}
}

// unbounded is an Unbounded message.
type unbounded struct{ note }

func (unbounded) Unbounded() {}

func TestBoundIsAnError(t *testing.T) {
	s := otp.NewSystem()
	ref := otp.NewRef[msg](s, "a", otp.WithBound(2))
	j := newJournal()
	app, err := otp.Start(t.Context(), s, "top", otp.SupSpec{Children: []otp.ChildSpec{{ID: "a", Start: otp.Worker(ref,
		func() otp.Behaviour[msg] { return &worker{name: "a", j: j} })}}})
	if err != nil {
		t.Fatal(err)
	}
	until := make(chan struct{})
	_ = ref.Tell(otp.External("test"), block{until})
	j.await("blocked a", 1)
	var refused int
	for range 5 {
		if err := ref.Tell(otp.External("test"), note{"x"}); errors.Is(err, otp.ErrOverloaded) {
			refused++
		}
	}
	if err := ref.Tell(otp.External("test"), unbounded{}); err != nil {
		t.Errorf("an Unbounded message was refused: %v", err)
	}
	close(until)
	if refused != 3 {
		t.Errorf("%d of 5 refused with a bound of 2", refused)
	}
	_ = app.Stop(t.Context())
}

func TestTimersAndAsksUnderFakeTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := otp.NewSystem()
		j := newJournal()
		a, b := otp.NewRef[msg](s, "a"), otp.NewRef[msg](s, "b")
		child := func(r *otp.Ref[msg]) otp.ChildSpec {
			return otp.ChildSpec{ID: r.Name(), Start: otp.Worker(r, func() otp.Behaviour[msg] { return &worker{name: r.Name(), j: j} })}
		}
		app, err := otp.Start(t.Context(), s, "top", otp.SupSpec{Intensity: 5, Children: []otp.ChildSpec{child(a), child(b)}})
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		_ = a.Tell(otp.External("test"), fn{func(c *otp.Context[msg]) {
			c.After(time.Hour, note{"an hour later"})
			otp.Ask(c, b, 2*time.Hour, asHold, func(_ string, err error) msg { return note{"asked: " + err.Error()} })
		}})
		j.await("asked: b: no answer in time", 1)
		if d := time.Since(begin); d != 2*time.Hour {
			t.Errorf("after %v", d)
		}
		j.await("an hour later", 1)
		// A timer does not reach the next incarnation.
		_ = a.Tell(otp.External("test"), fn{func(c *otp.Context[msg]) { c.After(time.Minute, note{"too late"}) }})
		_ = a.Tell(otp.External("test"), boom{})
		time.Sleep(2 * time.Minute)
		for _, l := range j.all() {
			if l == "too late" {
				t.Error("a timer of an ended incarnation fired")
			}
		}
		if err := app.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func TestMonitorHearsOfACrashThatIsRestarted(t *testing.T) {
	p := startTree(t, lenient, []string{"a", "b"})
	p.tell("a", fn{func(c *otp.Context[msg]) {
		otp.Monitor(c, p.refs["b"], func(d otp.Down) msg { return note{"down " + d.Name + " " + kindOf(d.Reason)} })
	}})
	p.awaitEcho("a")
	p.tell("b", boom{})
	p.j.await("down b crash", 1)
}

func TestTaskEndsWithItsIncarnation(t *testing.T) {
	p := startTree(t, lenient, []string{"a"})
	ended := make(chan struct{})
	p.tell("a", fn{func(c *otp.Context[msg]) {
		otp.Task(c, func(ctx context.Context) (int, error) {
			<-ctx.Done()
			close(ended)
			return 0, nil
		}, func(int, error) msg { return note{"result of an ended incarnation"} })
	}})
	p.tell("a", boom{})
	<-ended
	p.tell("a", fn{func(c *otp.Context[msg]) {
		otp.Task(c, func(context.Context) (int, error) { panic("in a task") }, func(_ int, err error) msg { return note{err.Error()} })
	}})
	p.j.await("task panicked: in a task", 1)
}

func TestCompletionCountsOnceAndOnlyForItsIncarnation(t *testing.T) {
	p := startTree(t, lenient, []string{"a"})
	done := make(chan func(string, error), 2)
	make2 := fn{func(c *otp.Context[msg]) {
		done <- otp.Completion(c, func(s string, _ error) msg { return note{s} })
	}}
	p.tell("a", make2)
	first := <-done
	first("once", nil)
	first("twice", nil)
	p.tell("a", make2)
	old := <-done
	p.tell("a", boom{})
	p.j.await("init a", 2)
	old("too late", nil)
	p.awaitEcho("a")
	for _, l := range p.j.all() {
		if l == "twice" || l == "too late" {
			t.Errorf("%q arrived", l)
		}
	}
	p.j.await("once", 1)
}

func TestEnqueueIsBehindQueuedMessages(t *testing.T) {
	p := startTree(t, lenient, []string{"a"})
	until := make(chan struct{})
	p.tell("a", block{until})
	p.j.await("blocked a", 1)
	p.tell("a", fn{func(c *otp.Context[msg]) { c.Enqueue(note{"flush"}) }})
	p.tell("a", note{"one"})
	p.tell("a", note{"two"})
	p.j.reset()
	close(until)
	p.j.await("flush", 1)
	if diff := cmp.Diff([]string{"one", "two", "flush"}, p.j.all()); diff != "" {
		t.Error(diff)
	}
}

func TestStaterIsNotRequired(t *testing.T) {
	p := startTree(t, lenient, []string{"a"})
	if n := p.app.Tree(); len(n.Children) != 1 || n.Children[0].State != "up" {
		t.Errorf("tree:\n%v", n)
	}
}
