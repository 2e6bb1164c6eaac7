package otp_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"registrar/actors/otp"
)

// manualScheduler runs processes only when a test says so.
type manualScheduler struct {
	mu    sync.Mutex
	ready []readyProcess
}

type readyProcess struct {
	name string
	run  func()
}

func (h *manualScheduler) Schedule(process string, run func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ready = append(h.ready, readyProcess{process, run})
}

// run runs the processes with a name prefix, one message at a time, until they have no work.
func (h *manualScheduler) run(prefix string) {
	for {
		synctest.Wait()
		h.mu.Lock()
		i := slices.IndexFunc(h.ready, func(t readyProcess) bool { return strings.HasPrefix(t.name, prefix) })
		if i < 0 {
			h.mu.Unlock()
			return
		}
		next := h.ready[i]
		h.ready = slices.Delete(h.ready, i, i+1)
		h.mu.Unlock()
		go next.run() // run may end its goroutine
	}
}

// Only the scheduler runs processes.
func TestSchedulerRunsOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, sched := startScheduled(t)
		errs := make(chan error, 1)
		if err := h.ref.Tell(otp.External("test"), to{key: "a", m: note{"one"}, err: errs}); err != nil {
			t.Fatal(err)
		}
		if synctest.Wait(); len(errs) > 0 {
			t.Fatal("the router ran without its scheduler")
		}
		sched.run("router")
		if len(errs) == 0 || len(h.j.all()) > 0 {
			t.Fatalf("the router has not run, or the child ran first: %q", h.j.all())
		}
		sched.run("child/")
		if got := h.j.all(); !slices.Equal(got, []string{"init a", "one"}) {
			t.Fatalf("the child has done %q", got)
		}
	})
}

// A child abandoned before its Init does nothing: code under an ended epoch could own a resource
// for ever.
func TestAbandonedBeforeItBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, sched := startScheduled(t)
		errs := make(chan error, 1)
		from := otp.External("test")
		for _, m := range []routerMsg{to{key: "a", m: note{"one"}, err: errs}, to{}} {
			if err := h.ref.Tell(from, m); err != nil {
				t.Fatal(err)
			}
		}
		sched.run("router") // forwards the message, then crashes
		sched.run("child/")
		if got := h.j.all(); len(got) > 0 {
			t.Fatalf("the abandoned child has done %q", got)
		}
	})
}

func startScheduled(t *testing.T) (*dynamicTree, *manualScheduler) {
	t.Helper()
	sched := &manualScheduler{}
	s := otp.NewSystem(otp.WithScheduler(sched))
	h := &dynamicTree{sys: s, j: newJournal(), ref: otp.NewRef[routerMsg](s, "router")}
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
