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

// The children of an abandoned supervisor end before its successor starts them, at any depth.
// Hanging ones have no effect either.
func TestAbandonedSupervisorEndsItsChildren(t *testing.T) {
	inSuite(lenient, nil, func(s *suite) {
		until := make(chan struct{})
		var alive []context.Context
		recordAlive := func(_ int, c *otp.Context[msg]) {
			alive = slices.DeleteFunc(append(alive, c.Context()), func(x context.Context) bool { return x.Err() != nil })
			s.j.add(fmt.Sprintf("%d alive", len(alive)))
		}
		inner := otp.SupSpec{Children: []otp.ChildSpec{s.withHooks(otp.ChildSpec{ID: "b"}, recordAlive, nil)}}
		s.must(s.app.StartChild(s.Context(), "top", otp.ChildSpec{ID: "sub", Start: otp.Supervisor(otp.SupSpec{Children: []otp.ChildSpec{
			s.withHooks(otp.ChildSpec{ID: "a"}, recordAlive, nil), {ID: "inner", Start: otp.Supervisor(inner)},
		}})}), nil)
		in := otp.From[string]{}
		s.tell("b", hangThenAct(s.j, until, &in))
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

// An abandoned supervisor starts none of the children that it had still to start.
func TestAbandonedSupervisorStartsNoChild(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, sched := startScheduled(t)
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
		// Next the supervisor would handle the start of one and start two.
		for _, name := range []string{"top", "top/sub", "one"} {
			sched.run(name)
		}
		if err := h.app.Abandon("top/sub"); err != nil {
			t.Fatal(err)
		}
		sched.run("")
		if err := <-added; err == nil {
			t.Error("the start succeeded")
		}
		if diff := cmp.Diff([]string{"init one"}, h.j.all()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAbandonedTopEndsTheApplication(t *testing.T) {
	inSuite(lenient, []otp.ChildSpec{{ID: "a"}}, func(s *suite) {
		s.must(s.app.Abandon("top"), nil)
		<-s.app.Done()
		if err := s.app.Err(); err == nil || err.Error() != "killed (abandoned by the operator)" {
			s.Errorf("got error %v", err)
		}
		if s.refs["a"].Bound() {
			s.Error("its child still runs")
		}
		s.must(s.app.Abandon("top"), otp.ErrNoProcess)
	})(t)
}

// inDynamic runs a test on a dynamic supervisor in a synctest bubble.
func inDynamic(t *testing.T, spec otp.DynamicSupervisorSpec[string, msg], test func(t *testing.T, h *dynamicTree)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := startDynamic(t, spec)
		test(t, h)
		if err := h.app.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func (h *dynamicTree) abandon(t *testing.T, key string) {
	t.Helper()
	if err := h.app.Abandon("child/" + key); err != nil {
		t.Error(err)
	}
}

// A hanging dynamic child is replaced like a worker. OnExit is not called, as after any restart.
func TestAbandonedDynamicChildHasNoEffect(t *testing.T) {
	inDynamic(t, otp.DynamicSupervisorSpec[string, msg]{Intensity: 5}, func(t *testing.T, h *dynamicTree) {
		until, errs := make(chan struct{}), make(chan error, 2)
		in := otp.NewFrom(func(_ string, err error) { errs <- err })
		for _, m := range []msg{hold{in}, hangThenAct(h.j, until, &in), echo{otp.NewFrom(func(_ string, err error) { errs <- err })}} {
			if err := h.deliver(t, "k", m); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		h.abandon(t, "k")
		for range 2 {
			if err := <-errs; !errors.Is(err, otp.ErrNoProcess) {
				t.Errorf("a held or queued request failed with %v", err)
			}
		}
		synctest.Wait() // restarted without a new message
		if got, err := h.ask(t, "k"); err != nil || got != "k" {
			t.Errorf("%q, %v", got, err)
		}
		close(until)
		synctest.Wait()
		if got, err := h.ask(t, "k"); err != nil || got != "k" {
			t.Errorf("%q, %v", got, err)
		}
		if info, err := h.app.Inspect(t.Context(), "child/k"); err != nil || info.Restarts != 1 {
			t.Errorf("restarts %d, %v", info.Restarts, err)
		}
		if diff := cmp.Diff([]string{"init k", "held k", "hanging", "init k", "awake"}, h.j.all()); diff != "" {
			t.Error(diff)
		}
	})
}

// A message delivered before the owner has handled the abandonment reaches the successor. The
// limit counts each abandonment once.
func TestAbandonmentsOfDynamicChildCount(t *testing.T) {
	for _, at := range []string{"noticed", "at the next delivery"} {
		t.Run(at, func(t *testing.T) {
			inDynamic(t, otp.DynamicSupervisorSpec[string, msg]{Intensity: 2, Period: time.Minute, CoolDown: time.Minute}, func(t *testing.T, h *dynamicTree) {
				for n := range 3 {
					if got, err := h.ask(t, "k"); err != nil || got != "k" {
						t.Fatalf("after %d: %q, %v", n, got, err)
					}
					if at == "noticed" {
						h.abandon(t, "k")
						synctest.Wait()
						continue
					}
					// The owner handles the event of the abandonment after this function.
					h.inOwner(t, func(c *otp.Context[routerMsg], r *router) {
						h.abandon(t, "k")
						if err := r.dynamic.Deliver(c, "k", note{"delivered"}); n < 2 && err != nil || n == 2 && !errors.Is(err, otp.ErrCooling) {
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
					t.Errorf("OnExit was called %d times: %q", n, h.j.all())
				}
			})
		})
	}
}

// A stopping child is not replaced. Messages for a child in passivation start the next one.
func TestAbandonWhileStopping(t *testing.T) {
	// Begin must make the child hang in Terminate.
	end := func(t *testing.T, h *dynamicTree, begin func()) (wake func()) {
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
	t.Run("stopped", func(t *testing.T) {
		inDynamic(t, otp.DynamicSupervisorSpec[string, msg]{Intensity: 5}, func(t *testing.T, h *dynamicTree) {
			wake := end(t, h, func() { h.inOwner(t, func(_ *otp.Context[routerMsg], r *router) { r.dynamic.Stop("k") }) })
			h.abandon(t, "k")
			synctest.Wait()
			wake()
			if diff := cmp.Diff([]string{"init k", "exit k killed", "end k shutdown"}, h.j.all()); diff != "" {
				t.Error(diff)
			}
		})
	})
	t.Run("passivated", func(t *testing.T) {
		inDynamic(t, otp.DynamicSupervisorSpec[string, msg]{Intensity: 5, PassivateAfter: time.Minute}, func(t *testing.T, h *dynamicTree) {
			wake := end(t, h, func() { time.Sleep(3 * time.Minute) })
			undelivered := make(chan error, 1)
			if err := h.deliver(t, "k", notified{undelivered}); err != nil {
				t.Error(err)
			}
			h.inOwner(t, func(c *otp.Context[routerMsg], r *router) {
				h.abandon(t, "k")
				if err := r.dynamic.Deliver(c, "k", note{"late"}); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
			if err := <-undelivered; !errors.Is(err, otp.ErrNoProcess) {
				t.Errorf("Undelivered of the queued message: %v", err)
			}
			wake()
			if diff := cmp.Diff([]string{"init k", "init k", "late", "end k normal"}, h.j.all()); diff != "" {
				t.Error(diff)
			}
		})
	})
	t.Run("crashed", func(t *testing.T) {
		inDynamic(t, otp.DynamicSupervisorSpec[string, msg]{Intensity: 1, Period: time.Hour}, func(t *testing.T, h *dynamicTree) {
			h.sys.Subscribe(func(r otp.Report) { t.Errorf("the crash was counted twice: %v", r.Reason) }, otp.GaveUp)
			wake := end(t, h, func() { _ = h.deliver(t, "k", boom{}) })
			h.abandon(t, "k")
			synctest.Wait()
			wake() // Terminate returns and the crash is reported
			if got, err := h.ask(t, "k"); err != nil || got != "k" {
				t.Errorf("%q, %v", got, err)
			}
		})
	})
}

// Under random kills and abandonments every call returns, and in the end every process is up.
func TestKillsUnderLoad(t *testing.T) {
	ref := map[string]*otp.Ref[msg]{}
	p := startTree(t, otp.SupSpec{Intensity: 1 << 20}, []string{"a"}, func(p *testTree, s *otp.SupSpec) {
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
				_ = kill([]string{"a", "b", "c", "top/sub"}[i%4]) // it may be restarting
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
