package otp_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"registrar/actors/otp"
)

// byHand runs a process when it is told to.
type byHand struct {
	mu    sync.Mutex
	ready []turn
}

type turn struct {
	name string
	run  func()
}

func (h *byHand) Schedule(process string, run func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ready = append(h.ready, turn{process, run})
}

// run has processes whose names begin with prefix handle one message each until they have nothing to do.
func (h *byHand) run(prefix string) {
	for {
		synctest.Wait()
		h.mu.Lock()
		i := slices.IndexFunc(h.ready, func(t turn) bool { return strings.HasPrefix(t.name, prefix) })
		if i < 0 {
			h.mu.Unlock()
			return
		}
		next := h.ready[i]
		h.ready = slices.Delete(h.ready, i, i+1)
		h.mu.Unlock()
		go next.run() // it may end its goroutine
	}
}

// A scheduler decides alone who runs: nothing else does.
func TestSchedulerRunsOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, sched := settleByHand(t)
		errs := make(chan error, 1)
		if err := h.ref.Tell(otp.External("test"), to{key: "a", m: note{"one"}, err: errs}); err != nil {
			t.Fatal(err)
		}
		if synctest.Wait(); len(errs) > 0 {
			t.Fatal("the router has run")
		}
		sched.run("router")
		if len(errs) == 0 || len(h.j.all()) > 0 {
			t.Fatalf("the router has not run, or its child has: %q", h.j.all())
		}
		sched.run("kid/")
		if got := h.j.all(); !slices.Equal(got, []string{"init a", "one"}) {
			t.Fatalf("the child has done %q", got)
		}
	})
}

// A child that is abandoned before it has begun does nothing at all: under the epoch of one that is over it would own what it touches for ever.
func TestAbandonedBeforeItBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, sched := settleByHand(t)
		errs := make(chan error, 1)
		from := otp.External("test")
		for _, m := range []routerMsg{to{key: "a", m: note{"one"}, err: errs}, to{}} {
			if err := h.ref.Tell(from, m); err != nil {
				t.Fatal(err)
			}
		}
		sched.run("router") // hands the message on, and crashes
		sched.run("kid/")
		if got := h.j.all(); len(got) > 0 {
			t.Fatalf("the abandoned child has done %q", got)
		}
	})
}

func settleByHand(t *testing.T) (*house, *byHand) {
	t.Helper()
	sched := &byHand{}
	s := otp.NewSystem(otp.WithScheduler(sched))
	h := &house{sys: s, j: newJournal(), ref: otp.NewRef[routerMsg](s, "router")}
	up := make(chan struct{})
	go func() {
		defer close(up)
		var err error
		if h.app, err = otp.Start(t.Context(), s, "top", otp.SupSpec{Intensity: 5, Children: []otp.ChildSpec{{
			ID: "router", Start: otp.Worker(h.ref, func() otp.Behaviour[routerMsg] { return &router{j: h.j} }),
		}}}); err != nil {
			t.Error(err)
		}
	}()
	sched.run("")
	<-up
	t.Cleanup(func() {
		done := make(chan struct{})
		go func() {
			defer close(done)
			h.app.Stop(t.Context())
		}()
		sched.run("")
		<-done
	})
	return h, sched
}
