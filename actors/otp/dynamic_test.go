package otp_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"registrar/actors/otp"
	"registrar/actors/otp/otptest"
)

// router owns workers and forwards messages to them.
type router struct {
	j       *journal
	spec    otp.DynamicSupervisorSpec[string, msg]
	dynamic *otp.DynamicSupervisor[string, msg]
}

type to struct {
	key string
	m   msg
	err chan<- error
}

type routerMsg interface{ isRouterMsg() }

// own runs a function on the router.
type own struct {
	do   func(*otp.Context[routerMsg], *router)
	done chan struct{}
}

func (to) isRouterMsg()  {}
func (own) isRouterMsg() {}

func (r *router) Init(c *otp.Context[routerMsg]) error {
	r.spec.Name = func(k string) string { return "child/" + k }
	r.spec.New = func(k string) otp.Behaviour[msg] { return &worker{name: k, j: r.j} }
	r.spec.OnExit = func(k string, reason otp.Reason) { r.j.add("exit " + k + " " + kindOf(reason)) }
	r.dynamic = otp.NewDynamicSupervisor(c, r.spec)
	return nil
}

func (r *router) Handle(c *otp.Context[routerMsg], m routerMsg) {
	switch m := m.(type) {
	case to:
		if m.m == nil {
			panic("router")
		}
		m.err <- r.dynamic.Deliver(c, m.key, m.m)
	case own:
		m.do(c, r)
		close(m.done)
	}
}

func (*router) Terminate(*otp.Context[routerMsg], otp.Reason) {}

type dynamicTree struct {
	sys *otp.System
	app *otp.App
	ref *otp.Ref[routerMsg]
	j   *journal
}

func (h *dynamicTree) inOwner(t *testing.T, do func(*otp.Context[routerMsg], *router)) {
	t.Helper()
	done := make(chan struct{})
	if err := h.ref.Tell(otp.External("test"), own{do, done}); err != nil {
		t.Fatal(err)
	}
	<-done
}

func startDynamic(t *testing.T, spec otp.DynamicSupervisorSpec[string, msg]) *dynamicTree {
	t.Helper()
	s := otp.NewSystem()
	h := &dynamicTree{sys: s, j: newJournal(), ref: otp.NewRef[routerMsg](s, "router")}
	app, err := otp.Start(t.Context(), s, "top", otp.SupSpec{Intensity: 5, Children: []otp.ChildSpec{{
		ID: "router", Start: otp.Worker(h.ref, func() otp.Behaviour[routerMsg] { return &router{j: h.j, spec: spec} }),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	h.app = app
	return h
}

func (h *dynamicTree) deliver(t *testing.T, key string, m msg) error {
	t.Helper()
	err := make(chan error, 1)
	if e := h.ref.Tell(otp.External("test"), to{key, m, err}); e != nil {
		t.Fatal(e)
	}
	return <-err
}

func (h *dynamicTree) ask(t *testing.T, key string) (string, error) {
	t.Helper()
	type answer struct {
		s   string
		err error
	}
	got := make(chan answer, 1)
	if err := h.deliver(t, key, echo{otp.NewFrom(func(s string, err error) { got <- answer{s, err} })}); err != nil {
		return "", err
	}
	a := <-got
	return a.s, a.err
}

func TestDynamicStartsOnDemand(t *testing.T) {
	h := startDynamic(t, otp.DynamicSupervisorSpec[string, msg]{Intensity: 5})
	for i := range 1000 {
		k := strconv.Itoa(i % 100)
		if got, err := h.ask(t, k); err != nil || got != k {
			t.Fatalf("%s: %q, %v", k, got, err)
		}
	}
	inits := 0
	for _, l := range h.j.all() {
		if len(l) > 5 && l[:5] == "init " {
			inits++
		}
	}
	if inits != 100 {
		t.Errorf("%d children for 100 keys", inits)
	}
	if n := h.app.Tree().Children[0].Dynamic; n != 100 {
		t.Errorf("the tree counts %d", n)
	}
	if err := h.app.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	h.j.await("end 99 shutdown", 1) // stopped with their owner
}

func TestDynamicRestartsInPlace(t *testing.T) {
	h := startDynamic(t, otp.DynamicSupervisorSpec[string, msg]{Intensity: 5})
	_, _ = h.ask(t, "other")
	until, got := make(chan struct{}), make(chan string, 5)
	_ = h.deliver(t, "k", block{until})
	h.j.await("blocked k", 1)
	_ = h.deliver(t, "k", boom{})
	for range 5 {
		_ = h.deliver(t, "k", echo{otp.NewFrom(func(s string, _ error) { got <- s })})
	}
	close(until)
	for range 5 {
		if s := <-got; s != "k" {
			t.Errorf("answered %q", s)
		}
	}
	_ = h.app.Stop(t.Context())
}

func TestDynamicLimitIsPerChild(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startDynamic(t, otp.DynamicSupervisorSpec[string, msg]{Intensity: 2, Period: time.Minute, CoolDown: time.Minute})
		for range 3 {
			_ = h.deliver(t, "bad", boom{})
		}
		h.j.await("exit bad crash", 1)
		if _, err := h.ask(t, "bad"); !errors.Is(err, otp.ErrCooling) {
			t.Errorf("got %v", err)
		}
		if got, err := h.ask(t, "good"); err != nil || got != "good" {
			t.Errorf("a sibling: %q, %v", got, err)
		}
		time.Sleep(time.Minute)
		if got, err := h.ask(t, "bad"); err != nil || got != "bad" {
			t.Errorf("after the cool-down: %q, %v", got, err)
		}
		_ = h.app.Stop(context.Background())
	})
}

func TestDynamicStartsEndedChildAgain(t *testing.T) {
	h := startDynamic(t, otp.DynamicSupervisorSpec[string, msg]{Intensity: 5})
	for i := range 50 {
		_ = h.deliver(t, "k", exit{otp.Normal})
		h.j.await("exit k normal", i+1)
		if got, err := h.ask(t, "k"); err != nil || got != "k" {
			t.Fatalf("%q, %v", got, err)
		}
	}
	_ = h.app.Stop(t.Context())
}

// Children that were busy above MaxLive are passivated later, until MaxLive holds again.
func TestDynamicReturnsToMaxLive(t *testing.T) {
	const most, busy = 4, 12
	h := startDynamic(t, otp.DynamicSupervisorSpec[string, msg]{Intensity: 5, MaxLive: most})
	until := make(chan struct{})
	for i := range busy {
		if err := h.deliver(t, strconv.Itoa(i), block{until}); err != nil {
			t.Fatal(err)
		}
	}
	live := func() int { return h.app.Tree().Children[0].Dynamic }
	if n := live(); n != busy {
		t.Errorf("%d live children while all are busy", n)
	}
	close(until)
	next := busy
	if !otptest.Eventually(func() bool {
		next++
		_, err := h.ask(t, strconv.Itoa(next))
		return err == nil && live() <= most+1 // one may be stopping
	}) {
		t.Errorf("%d children are still live", live())
	}
	_ = h.app.Stop(t.Context())
}

// A crash of the owner abandons its children: held requests fail, and the next incarnation starts
// new children.
func TestDynamicEndsWithItsOwner(t *testing.T) {
	h := startDynamic(t, otp.DynamicSupervisorSpec[string, msg]{Intensity: 5})
	got := make(chan error, 1)
	_ = h.deliver(t, "k", hold{otp.NewFrom(func(_ string, err error) { got <- err })})
	h.j.await("held k", 1)
	_ = h.ref.Tell(otp.External("test"), to{})
	if err := <-got; !errors.Is(err, otp.ErrNoProcess) {
		t.Errorf("got %v", err)
	}
	if s, err := h.ask(t, "k"); err != nil || s != "k" {
		t.Errorf("%q, %v", s, err)
	}
	_ = h.app.Stop(t.Context())
}

func TestKillFindsDynamicChildren(t *testing.T) {
	h := startDynamic(t, otp.DynamicSupervisorSpec[string, msg]{Intensity: 5})
	_, _ = h.ask(t, "k")
	if err := h.app.Kill("child/k"); err != nil {
		t.Fatal(err)
	}
	h.j.await("init k", 2)
	_ = h.app.Stop(t.Context())
}
