package otp_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar/actors/otp"
)

func TestStartsInOrderAndStopsInReverse(t *testing.T) {
	p := startTree(t, lenient, []string{"a", "b", "c"})
	if err := p.app.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{"init a", "init b", "init c", "end c shutdown", "end b shutdown", "end a shutdown"}
	if diff := cmp.Diff(want, p.j.all()); diff != "" {
		t.Error(diff)
	}
	if err := p.app.Err(); err != nil {
		t.Errorf("Err after Stop is %v", err)
	}
}

func TestFailedStartIsRolledBack(t *testing.T) {
	s, j := otp.NewSystem(), newJournal()
	child := func(name string, initErr func() error) otp.ChildSpec {
		return otp.ChildSpec{ID: name, Start: otp.Worker(otp.NewRef[msg](s, name), func() otp.Behaviour[msg] {
			return &worker{name: name, j: j, initErr: initErr}
		})}
	}
	for name, fails := range map[string]func() error{
		"error": func() error { return errors.New("no such file") },
		"panic": func() error { panic("no such file") },
	} {
		t.Run(name, func(t *testing.T) {
			j.reset()
			_, err := otp.Start(t.Context(), s, "top", otp.SupSpec{Intensity: 5, Children: []otp.ChildSpec{
				child("a", nil),
				{ID: "sub", Start: otp.Supervisor(otp.SupSpec{Children: []otp.ChildSpec{child("b", nil), child("c", fails), child("d", nil)}})},
			}})
			if err == nil || !strings.Contains(err.Error(), "no such file") || !strings.Contains(err.Error(), "c failed") {
				t.Errorf("got %v", err)
			}
			want := []string{"init a", "init b", "end b shutdown", "end a shutdown"}
			got := j.all()
			var lines []string
			for _, l := range got {
				if !strings.Contains(l, " c") {
					lines = append(lines, l)
				}
			}
			if diff := cmp.Diff(want, lines); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOneForOneRestartsOnlyTheCrashed(t *testing.T) {
	p := startTree(t, lenient, []string{"a", "b", "c"})
	p.j.reset()
	p.tell("b", boom{})
	p.awaitEcho("b")
	if diff := cmp.Diff([]string{"end b crash", "init b"}, p.j.all()); diff != "" {
		t.Error(diff)
	}
}

func TestRestForOneRestartsLaterChildren(t *testing.T) {
	spec := lenient
	spec.Strategy = otp.RestForOne
	p := startTree(t, spec, []string{"a", "b", "c", "d"})
	p.j.reset()
	p.tell("b", boom{})
	p.j.await("init d", 1)
	want := []string{"end b crash", "end d shutdown", "end c shutdown", "init b", "init c", "init d"}
	if diff := cmp.Diff(want, p.j.all()); diff != "" {
		t.Error(diff)
	}
	for _, n := range []string{"a", "b", "c", "d"} {
		p.awaitEcho(n) // the addresses are bound to the new processes
	}
}

func TestOneForAllRestartsAll(t *testing.T) {
	spec := lenient
	spec.Strategy = otp.OneForAll
	p := startTree(t, spec, []string{"a", "b", "c"})
	p.j.reset()
	p.tell("b", boom{})
	p.j.await("init c", 1)
	want := []string{"end b crash", "end c shutdown", "end a shutdown", "init a", "init b", "init c"}
	if diff := cmp.Diff(want, p.j.all()); diff != "" {
		t.Error(diff)
	}
}

// OTP: a supervisor gives up with MORE than intensity restarts within period.
func TestGivesUpAtMoreThanIntensity(t *testing.T) {
	p := startTree(t, otp.SupSpec{Intensity: 2, Period: time.Hour}, []string{"a", "b"})
	for range 2 {
		p.tell("a", boom{})
	}
	p.j.await("init a", 3)
	p.awaitEcho("a")
	p.tell("a", boom{})
	<-p.app.Done()
	err := p.app.Err()
	if err == nil || !strings.Contains(err.Error(), "top gave up") || !strings.Contains(err.Error(), "boom") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	if got := p.j.all(); got[len(got)-1] != "end b shutdown" {
		t.Errorf("the sibling was not stopped: %v", got)
	}
}

func TestRestartsOutsideThePeriodDoNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, j := otp.NewSystem(), newJournal()
		ref := otp.NewRef[msg](s, "a")
		app, err := otp.Start(t.Context(), s, "top", otp.SupSpec{Intensity: 1, Period: 10 * time.Second, Children: []otp.ChildSpec{{
			ID: "a", Start: otp.Worker(ref, func() otp.Behaviour[msg] { return &worker{name: "a", j: j} }),
		}}})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			_ = ref.Tell(otp.External("test"), boom{})
			j.await("init a", i+2)
			time.Sleep(10*time.Second + time.Nanosecond)
		}
		_ = ref.Tell(otp.External("test"), boom{})
		j.await("init a", 7)
		time.Sleep(10 * time.Second) // exactly the period counts
		_ = ref.Tell(otp.External("test"), boom{})
		<-app.Done()
	})
}

// A supervisor that gave up is restarted by its own supervisor with an empty restart window. The
// top has all reasons in one line.
func TestGivingUpEscalates(t *testing.T) {
	p := startTree(t, otp.SupSpec{Intensity: 1, Period: time.Hour}, nil, func(p *testTree, s *otp.SupSpec) {
		a := otp.NewRef[msg](p.sys, "a")
		p.refs["a"] = a
		s.Children = []otp.ChildSpec{{ID: "sub", Start: otp.Supervisor(otp.SupSpec{Period: time.Hour, Children: []otp.ChildSpec{{
			ID: "a", Start: otp.Worker(a, func() otp.Behaviour[msg] { return &worker{name: "a", j: p.j} }),
		}}})}}
	})
	p.tell("a", boom{})
	p.j.await("init a", 2)
	p.awaitEcho("a")
	p.tell("a", boom{})
	<-p.app.Done()
	if err := p.app.Err(); err == nil || !strings.Contains(err.Error(), "top gave up") || !strings.Contains(err.Error(), "top/sub gave up") {
		t.Errorf("got %v", err)
	}
}

func TestRestartTypes(t *testing.T) {
	for _, tc := range []struct {
		restart  otp.Restart
		reason   otp.Reason
		restarts bool
	}{
		{otp.Permanent, otp.Normal, true},
		{otp.Permanent, otp.Shutdown, true},
		{otp.Transient, otp.Normal, false},
		{otp.Transient, otp.ShutdownWith("done"), false},
		{otp.Temporary, otp.Normal, false},
	} {
		p := startTree(t, lenient, []string{"a", "b"}, func(_ *testTree, s *otp.SupSpec) { s.Children[0].Restart = tc.restart })
		p.sys.Subscribe(func(r otp.Report) {
			if r.Kind == otp.ChildTerminated {
				p.j.add("terminated " + r.Process)
			}
		})
		p.tell("a", exit{tc.reason})
		p.j.await("terminated a", 1)
		if tc.restarts {
			p.awaitEcho("a")
			continue
		}
		if n := p.app.Tree(); p.refs["a"].Bound() || n.Children[0].Name == "a" && n.Children[0].State == "up" {
			t.Errorf("%v after %v: it was restarted", tc.restart, tc.reason)
		}
	}
	p := startTree(t, lenient, []string{"a", "b"}, func(_ *testTree, s *otp.SupSpec) { s.Children[0].Restart = otp.Temporary })
	p.tell("a", boom{})
	p.j.await("end a crash", 1)
	p.awaitEcho("b")
	if p.j.all()[len(p.j.all())-1] != "end a crash" {
		t.Errorf("a temporary child was restarted: %v", p.j.all())
	}
}

// A failed restart is tried again through the supervisor's queue, and each attempt counts.
func TestFailedRestartIsTriedAgain(t *testing.T) {
	var fails atomic.Int32
	p := startTree(t, lenient, nil, func(p *testTree, s *otp.SupSpec) {
		a := otp.NewRef[msg](p.sys, "a")
		p.refs["a"] = a
		s.Children = []otp.ChildSpec{{ID: "a", Start: otp.Worker(a, func() otp.Behaviour[msg] {
			return &worker{name: "a", j: p.j, initErr: func() error {
				if fails.Add(-1) >= 0 {
					return errors.New("not yet")
				}
				return nil
			}}
		})}}
	})
	fails.Store(3)
	got := make(chan string, 1)
	p.tell("a", boom{})
	for p.refs["a"].Tell(otp.External("test"), echo{otp.NewFrom(func(s string, _ error) { got <- s })}) != nil {
		t.Fatal("the address is unbound during a restart")
	}
	if s := <-got; s != "a" {
		t.Errorf("answered %q", s)
	}
}

func TestChildThatDoesNotStopIsAbandoned(t *testing.T) {
	until := make(chan struct{})
	abandoned := make(chan otp.Report, 2)
	p := startTree(t, lenient, []string{"a", "b"}, func(p *testTree, s *otp.SupSpec) {
		s.Children[0].Shutdown = time.Millisecond
		p.sys.Subscribe(func(r otp.Report) {
			abandoned <- r
			panic("subscriber")
		}, otp.Abandoned)
	})
	got := make(chan error, 2)
	p.tell("a", hold{otp.NewFrom(func(_ string, err error) { got <- err })})
	p.tell("a", block{until})
	p.tell("a", echo{otp.NewFrom(func(_ string, err error) { got <- err })})
	p.j.await("blocked a", 1)
	if err := p.app.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := <-got; !errors.Is(err, otp.ErrNoProcess) {
			t.Errorf("got %v", err)
		}
	}
	if r := <-abandoned; r.Process != "a" {
		t.Errorf("abandoned %v", r)
	}
	close(until) // the abandoned handler returns without effect
}

// A supervisor answers while a child hangs in Init: the start can be cancelled.
func TestSupervisorDoesNotBlockOnInit(t *testing.T) {
	s, until := otp.NewSystem(), make(chan struct{})
	started := make(chan struct{})
	child := otp.ChildSpec{ID: "a", Shutdown: time.Millisecond, Start: otp.Worker(otp.NewRef[msg](s, "a"), func() otp.Behaviour[msg] {
		return &worker{name: "a", j: newJournal(), initErr: func() error { close(started); <-until; return nil }}
	})}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-started; cancel() }()
	if _, err := otp.Start(ctx, s, "top", otp.SupSpec{Children: []otp.ChildSpec{child}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(until)
}

func TestChildThatPanicsWhileItsParentStops(t *testing.T) {
	p := startTree(t, lenient, []string{"a", "b"})
	until := make(chan struct{})
	p.tell("b", block{until})
	p.j.await("blocked b", 1)
	p.tell("b", boom{})
	stopped := make(chan error, 1)
	go func() { stopped <- p.app.Stop(context.Background()) }()
	close(until)
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestKillLooksLikeACrash(t *testing.T) {
	p := startTree(t, lenient, []string{"a"})
	if err := p.app.Kill("a"); err != nil {
		t.Fatal(err)
	}
	p.j.await("init a", 2)
	p.awaitEcho("a")
	if err := p.app.Kill("z"); !errors.Is(err, otp.ErrNoProcess) {
		t.Errorf("got %v", err)
	}
	n := p.app.Tree()
	for ; n.Children[0].State != "up" && t.Context().Err() == nil; n = p.app.Tree() {
		runtime.Gosched() // the supervisor handles the event a moment later
	}
	if n.Children[0].Restarts != 1 || !strings.Contains(n.String(), "a worker up for ") {
		t.Errorf("tree:\n%v", n)
	}
}

func TestBadSpecsAreRefusedByName(t *testing.T) {
	s := otp.NewSystem()
	good := otp.Worker(otp.NewRef[msg](s, "a"), func() otp.Behaviour[msg] { return &worker{} })
	for want, spec := range map[string]otp.SupSpec{
		"negative":                       {Intensity: -1},
		"unknown strategy":               {Strategy: 9},
		"without id":                     {Children: []otp.ChildSpec{{Start: good}}},
		"duplicate child x":              {Children: []otp.ChildSpec{{ID: "x", Start: good}, {ID: "x", Start: good}}},
		"x without start":                {Children: []otp.ChildSpec{{ID: "x"}}},
		"x with an unknown restart type": {Children: []otp.ChildSpec{{ID: "x", Start: good, Restart: 9}}},
		"x with an unknown shutdown":     {Children: []otp.ChildSpec{{ID: "x", Start: good, Shutdown: -9}}},
		"child x: bad spec: worker":      {Children: []otp.ChildSpec{{ID: "x", Start: otp.Worker[msg](nil, nil)}}},
		"child x: bad spec: unknown":     {Children: []otp.ChildSpec{{ID: "x", Start: otp.Supervisor(otp.SupSpec{Strategy: 9})}}},
	} {
		if _, err := otp.Start(t.Context(), s, "top", spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}
