package otp_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar/actors/otp"
)

// A supervisor's children are gone before its successor starts them, at any depth, and those that hang have no more say either.
func TestAbandonedSupervisorTakesItsChildrenAlong(t *testing.T) {
	inSuite(lenient, nil, func(s *suite) {
		until := make(chan struct{})
		var alive []context.Context
		look := func(_ int, c *otp.Context[msg]) {
			alive = slices.DeleteFunc(append(alive, c.Context()), func(x context.Context) bool { return x.Err() != nil })
			s.j.add(fmt.Sprintf("%d alive", len(alive)))
		}
		inner := otp.SupSpec{Children: []otp.ChildSpec{s.stage(otp.ChildSpec{ID: "b"}, look, nil)}}
		s.must(s.app.StartChild(s.Context(), "top", otp.ChildSpec{ID: "sub", Start: otp.Supervisor(otp.SupSpec{Children: []otp.ChildSpec{
			s.stage(otp.ChildSpec{ID: "a"}, look, nil), {ID: "inner", Start: otp.Supervisor(inner)},
		}})}), nil)
		in := otp.From[string]{}
		s.tell("b", troublemaker(s.j, until, &in))
		synctest.Wait()
		s.must(s.app.Abandon("top/sub"), nil)
		synctest.Wait()
		close(until)
		synctest.Wait()
		want := []string{"1 alive", "init a", "2 alive", "init b", "hanging", "1 alive", "init a", "2 alive", "init b", "awake"}
		if diff := cmp.Diff(want, s.j.all()); diff != "" {
			s.Error(diff)
		}
		s.awaitEcho("a")
		s.awaitEcho("b")
	})(t)
}

// What an abandoned supervisor has still to do is not done: it starts nobody any more.
func TestAbandonedSupervisorStartsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, sched := settleByHand(t)
		var spec otp.SupSpec
		for _, id := range []string{"one", "two"} {
			ref := otp.NewRef[msg](h.sys, id)
			spec.Children = append(spec.Children, otp.ChildSpec{ID: id, Start: otp.Worker(ref, func() otp.Behaviour[msg] { return &worker{name: id, j: h.j} })})
		}
		added := make(chan error, 1)
		go func() {
			added <- h.app.StartChild(t.Context(), "top", otp.ChildSpec{ID: "sub", Restart: otp.Temporary, Start: otp.Supervisor(spec)})
		}()
		synctest.Wait()
		for _, name := range []string{"top", "top/sub", "one"} { // which is up: the supervisor has to take note of it, and to start the next
			sched.run(name)
		}
		if err := h.app.Abandon("top/sub"); err != nil {
			t.Fatal(err)
		}
		sched.run("")
		if err := <-added; err == nil {
			t.Error("it is said to be up")
		}
		if diff := cmp.Diff([]string{"init one"}, h.j.all()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAbandonedTopEndsTheApplicationWithAReason(t *testing.T) {
	inSuite(lenient, []otp.ChildSpec{{ID: "a"}}, func(s *suite) {
		s.must(s.app.Abandon("top"), nil)
		<-s.app.Done()
		if err := s.app.Err(); err == nil || err.Error() != "killed (abandoned by the operator)" {
			s.Errorf("it says %v", err)
		}
		if s.refs["a"].Bound() {
			s.Error("its child lives on")
		}
		s.must(s.app.Abandon("top"), otp.ErrNoProcess)
	})(t)
}

// inHouse runs a test on a family in a bubble of fake time.
func inHouse(t *testing.T, spec otp.DynamicSupervisorSpec[string, msg], test func(t *testing.T, h *house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := settle(t, spec)
		test(t, h)
		if err := h.app.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func (h *house) abandon(t *testing.T, key string) {
	t.Helper()
	if err := h.app.Abandon("kid/" + key); err != nil {
		t.Error(err)
	}
}

// A family's child that hangs is replaced like a worker; its owner is not told, as after any restart.
func TestAbandonedChildOfAFamilyHasNoMoreSay(t *testing.T) {
	inHouse(t, otp.DynamicSupervisorSpec[string, msg]{Intensity: 5}, func(t *testing.T, h *house) {
		until, errs := make(chan struct{}), make(chan error, 2)
		in := otp.NewFrom(func(_ string, err error) { errs <- err })
		for _, m := range []msg{hold{in}, troublemaker(h.j, until, &in), echo{otp.NewFrom(func(_ string, err error) { errs <- err })}} {
			if err := h.deliver(t, "k", m); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		h.abandon(t, "k")
		for range 2 {
			if err := <-errs; !errors.Is(err, otp.ErrNoProcess) {
				t.Errorf("what it held and what was queued is answered with %v", err)
			}
		}
		synctest.Wait() // started anew without being asked for
		if got, err := h.ask(t, "k"); err != nil || got != "k" {
			t.Errorf("%q, %v", got, err)
		}
		close(until)
		synctest.Wait()
		if got, err := h.ask(t, "k"); err != nil || got != "k" {
			t.Errorf("%q, %v", got, err)
		}
		if info, err := h.app.Inspect(t.Context(), "kid/k"); err != nil || info.Restarts != 1 {
			t.Errorf("restarts %d, %v", info.Restarts, err)
		}
		if diff := cmp.Diff([]string{"init k", "held k", "hanging", "init k", "awake"}, h.j.all()); diff != "" {
			t.Error(diff)
		}
	})
}

// What is delivered before the owner has heard of the abandonment finds the successor, and the limit counts each once.
func TestAbandonmentsOfAChildCount(t *testing.T) {
	for _, at := range []string{"noticed", "at the next delivery"} {
		t.Run(at, func(t *testing.T) {
			inHouse(t, otp.DynamicSupervisorSpec[string, msg]{Intensity: 2, Period: time.Minute, CoolDown: time.Minute}, func(t *testing.T, h *house) {
				for n := range 3 {
					if got, err := h.ask(t, "k"); err != nil || got != "k" {
						t.Fatalf("after %d: %q, %v", n, got, err)
					}
					if at == "noticed" {
						h.abandon(t, "k")
						synctest.Wait()
						continue
					}
					h.inOwner(t, func(c *otp.Context[routerMsg], r *router) { // which hears of it after this
						h.abandon(t, "k")
						if err := r.family.Deliver(c, "k", note{"delivered"}); n < 2 && err != nil || n == 2 && !errors.Is(err, otp.ErrCooling) {
							t.Errorf("after %d: %v", n, err)
						}
					})
					synctest.Wait()
				}
				if _, err := h.ask(t, "k"); !errors.Is(err, otp.ErrCooling) {
					t.Errorf("after the third: %v", err)
				}
				if n := count(h.j.all(), "init k"); n != 3 {
					t.Errorf("%d incarnations", n)
				}
				if n := count(h.j.all(), "exit k killed"); n != 1 {
					t.Errorf("its owner was told %d times: %q", n, h.j.all())
				}
			})
		})
	}
}

// A child that was to end anyway is not replaced; but what comes for one that was being put away starts the next.
func TestAbandonedWhileItEnds(t *testing.T) {
	end := func(t *testing.T, h *house, begin func()) (wake func()) { // and hang in Terminate
		t.Helper()
		if _, err := h.ask(t, "k"); err != nil {
			t.Fatal(err)
		}
		until := make(chan struct{})
		h.j.holdEnds(until)
		begin()
		synctest.Wait()
		h.j.holdEnds(nil)
		return func() { close(until); synctest.Wait() }
	}
	t.Run("told to stop", func(t *testing.T) {
		inHouse(t, otp.DynamicSupervisorSpec[string, msg]{Intensity: 5}, func(t *testing.T, h *house) {
			wake := end(t, h, func() { h.inOwner(t, func(_ *otp.Context[routerMsg], r *router) { r.family.Stop("k") }) })
			h.abandon(t, "k")
			synctest.Wait()
			wake()
			if diff := cmp.Diff([]string{"init k", "exit k killed", "end k shutdown"}, h.j.all()); diff != "" {
				t.Error(diff)
			}
		})
	})
	t.Run("put away", func(t *testing.T) {
		inHouse(t, otp.DynamicSupervisorSpec[string, msg]{Intensity: 5, PassivateAfter: time.Minute}, func(t *testing.T, h *house) {
			wake := end(t, h, func() { time.Sleep(3 * time.Minute) })
			undelivered := make(chan error, 1)
			if err := h.deliver(t, "k", told{undelivered}); err != nil {
				t.Error(err)
			}
			h.inOwner(t, func(c *otp.Context[routerMsg], r *router) {
				h.abandon(t, "k")
				if err := r.family.Deliver(c, "k", note{"late"}); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
			if err := <-undelivered; !errors.Is(err, otp.ErrNoProcess) {
				t.Errorf("what was queued is told %v", err)
			}
			wake()
			if diff := cmp.Diff([]string{"init k", "init k", "late", "end k normal"}, h.j.all()); diff != "" {
				t.Error(diff)
			}
		})
	})
	t.Run("crashed", func(t *testing.T) {
		inHouse(t, otp.DynamicSupervisorSpec[string, msg]{Intensity: 1, Period: time.Hour}, func(t *testing.T, h *house) {
			h.sys.Subscribe(func(r otp.Report) { t.Errorf("counted twice: %v", r.Reason) }, otp.GaveUp)
			wake := end(t, h, func() { _ = h.deliver(t, "k", boom{}) })
			h.abandon(t, "k")
			synctest.Wait()
			wake() // and it says that it has crashed
			if got, err := h.ask(t, "k"); err != nil || got != "k" {
				t.Errorf("%q, %v", got, err)
			}
		})
	})
}

// Whatever is killed, however, at whatever moment: whoever asks is answered, and in the end everything is up.
func TestKillsAtAnyMoment(t *testing.T) {
	ref := map[string]*otp.Ref[msg]{}
	p := grow(t, otp.SupSpec{Intensity: 1 << 20}, []string{"a"}, func(p *plant, s *otp.SupSpec) {
		sub := otp.SupSpec{Intensity: 1 << 20, Strategy: otp.OneForAll}
		for _, id := range []string{"b", "c"} {
			ref[id] = otp.NewRef[msg](p.sys, id)
			sub.Children = append(sub.Children, otp.ChildSpec{ID: id, Start: otp.Worker(ref[id], func() otp.Behaviour[msg] { return &worker{name: id, j: p.j} })})
		}
		s.Children = append(s.Children, otp.ChildSpec{ID: "sub", Start: otp.Supervisor(sub)})
	})
	ref["a"] = p.refs["a"]
	p.refs = ref
	var work sync.WaitGroup
	over := make(chan struct{})
	for _, r := range ref {
		work.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
					_, err := ask(t, r, asEcho)
					if err != nil && !errors.Is(err, otp.ErrNoProcess) && !errors.Is(err, otp.ErrCrashed) {
						t.Error(err)
					}
				}
			}
		})
	}
	var kills sync.WaitGroup
	for _, kill := range []func(string) error{p.app.Abandon, p.app.Abandon, p.app.Kill} {
		kills.Go(func() {
			for i := range 300 {
				_ = kill([]string{"a", "b", "c", "top/sub"}[i%4]) // it may not be there just now
				runtime.Gosched()
			}
		})
	}
	kills.Wait()
	close(over)
	work.Wait()
	for id := range ref {
		p.awaitEcho(id)
	}
}
