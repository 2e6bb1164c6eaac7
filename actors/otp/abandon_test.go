package otp_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar/actors/otp"
)

// hookedWorker is a worker with hooks in Init and Terminate.
type hookedWorker struct {
	*worker
	init func(*otp.Context[msg])
	end  func()
}

func (s *hookedWorker) Init(c *otp.Context[msg]) error {
	if s.init != nil {
		s.init(c)
	}
	return s.worker.Init(c)
}

func (s *hookedWorker) Terminate(c *otp.Context[msg], r otp.Reason) {
	if s.end != nil {
		s.end()
	}
	s.worker.Terminate(c, r)
}

// withHooks gives a spec a process and calls the hooks with the number of the incarnation.
func (s *suite) withHooks(c otp.ChildSpec, init func(n int, c *otp.Context[msg]), end func(n int)) otp.ChildSpec {
	ref, n := otp.NewRef[msg](s.sys, c.ID), 0
	s.refs[c.ID] = ref
	c.Start = otp.Worker(ref, func() otp.Behaviour[msg] {
		n++
		b, k := &hookedWorker{worker: &worker{name: c.ID, j: s.j}}, n
		if init != nil {
			b.init = func(c *otp.Context[msg]) { init(k, c) }
		}
		if end != nil {
			b.end = func() { end(k) }
		}
		return b
	})
	return c
}

// hangThenAct hangs until the channel is closed. Then it tries every effect that a process can
// have on others.
func hangThenAct(j *journal, until chan struct{}, held *otp.From[string]) fn {
	return fn{func(c *otp.Context[msg]) {
		j.add("hanging")
		done := otp.Completion(c, func(s string, _ error) msg { return note{s} })
		<-until
		held.Reply("late")
		done("late completion", nil)
		c.After(0, note{"late timer"})
		c.Enqueue(note{"late message to itself"})
		otp.Task(c, func(ctx context.Context) (int, error) { return 0, ctx.Err() }, func(int, error) msg { return note{"late task"} })
		f := otp.NewDynamicSupervisor(c, otp.DynamicSupervisorSpec[string, msg]{
			Name: func(k string) string { return "late/" + k }, New: func(k string) otp.Behaviour[msg] { return &worker{name: "late " + k, j: j} },
		})
		if err := f.Deliver(c, "child", note{"late child"}); !errors.Is(err, otp.ErrNoProcess) {
			j.add("late dynamic")
		}
		c.Exit(otp.Normal)
		j.add("awake")
		panic("late crash")
	}}
}

// A hanging worker is replaced at once, its callers get an error, and its handler has no effect
// when it returns.
func TestAbandonedWorkerHasNoEffect(t *testing.T) {
	inSuite(lenient, []otp.ChildSpec{{ID: "a"}, {ID: "b"}}, func(s *suite) {
		until, errs := make(chan struct{}), make(chan error, 2)
		in := otp.NewFrom(func(_ string, err error) { errs <- err })
		s.tell("a", hold{in})
		s.tell("b", fn{func(c *otp.Context[msg]) {
			otp.Monitor(c, s.refs["a"], func(d otp.Down) msg { return note{"down " + d.Reason.String()} })
		}})
		s.tell("a", hangThenAct(s.j, until, &in))
		// Queued behind the hanging handler.
		s.tell("a", echo{otp.NewFrom(func(_ string, err error) { errs <- err })})
		synctest.Wait()
		s.must(s.app.Abandon("a"), nil)
		synctest.Wait()
		for range 2 {
			if err := <-errs; !errors.Is(err, otp.ErrNoProcess) {
				s.Errorf("a held or queued request failed with %v", err)
			}
		}
		s.awaitEcho("a")
		synctest.Wait() // until the handler of the echo has returned
		before := s.app.Tree()
		close(until)
		synctest.Wait()
		s.awaitEcho("a")
		synctest.Wait()
		if diff := cmp.Diff(before.String(), s.app.Tree().String()); diff != "" {
			s.Errorf("the abandoned handler changed the tree: %s", diff)
		}
		want := []string{"init a", "init b", "held a", "hanging", "down killed while handling otp_test.fn (abandoned by the operator)", "init a", "awake"}
		slices.Sort(want)
		if got := slices.Sorted(slices.Values(s.j.all())); !slices.Equal(got, want) {
			s.Error(cmp.Diff(want, got))
		}
		s.must(s.app.Abandon("z"), otp.ErrNoProcess)
	})(t)
}

// An abandonment counts and restarts like a crash.
func TestAbandonCountsAsCrash(t *testing.T) {
	abandon := func(s *suite, id string) { s.Helper(); s.must(s.app.Abandon(id), nil); synctest.Wait() }
	t.Run("intensity", inSuite(otp.SupSpec{Intensity: 1, Period: time.Minute}, []otp.ChildSpec{{ID: "a"}}, func(s *suite) {
		abandon(s, "a")
		s.awaitEcho("a")
		abandon(s, "a")
		if err := s.app.Err(); !s.ended() || err == nil || !strings.Contains(err.Error(), "top gave up after more than 1 restarts") {
			s.Errorf("ended is %v, error %v", s.ended(), err)
		}
	}))
	t.Run("rest for one", inSuite(otp.SupSpec{Strategy: otp.RestForOne, Intensity: 5}, []otp.ChildSpec{{ID: "a"}, {ID: "b"}, {ID: "c"}}, func(s *suite) {
		s.j.reset()
		abandon(s, "b")
		if diff := cmp.Diff([]string{"end c shutdown", "init b", "init c"}, s.j.all()); diff != "" {
			s.Error(diff)
		}
	}))
	t.Run("restart types", inSuite(lenient, []otp.ChildSpec{{ID: "a", Restart: otp.Transient}, {ID: "b", Restart: otp.Temporary}}, func(s *suite) {
		abandon(s, "a")
		abandon(s, "b")
		s.awaitEcho("a")
		if list, err := s.app.WhichChildren("top"); err != nil || len(list) != 1 {
			s.Errorf("the temporary one is still there: %v, %v", list, err)
		}
	}))
	t.Run("child waiting for its restart", inSuite(otp.SupSpec{Intensity: 5, Period: time.Hour, Backoff: &otp.Backoff{Initial: time.Minute, Max: time.Hour}},
		[]otp.ChildSpec{{ID: "a"}}, func(s *suite) {
			s.crash("a")
			abandon(s, "a")
			if s.refs["a"].Bound() {
				s.Error("it was restarted without delay")
			}
			time.Sleep(time.Hour)
			s.awaitEcho("a")
			if got := s.app.Tree().Children[0].State; got != "up" {
				s.Errorf("state %s", got)
			}
		}))
}

// Init and Terminate may hang like a handler.
func TestAbandonInInitAndTerminate(t *testing.T) {
	hang := func(until chan struct{}, at int) func(int, *otp.Context[msg]) {
		return func(n int, _ *otp.Context[msg]) {
			if n == at {
				<-until
			}
		}
	}
	in := func(test func(s *suite, until chan struct{})) func(*testing.T) {
		return inSuite(lenient, nil, func(s *suite) {
			until := make(chan struct{})
			defer close(until)
			test(s, until)
		})
	}
	t.Run("Init of a child added by an operator", in(func(s *suite, until chan struct{}) {
		added := make(chan error, 1)
		spec := s.withHooks(otp.ChildSpec{ID: "a"}, hang(until, 1), nil)
		go func() { added <- s.app.StartChild(s.Context(), "top", spec) }()
		synctest.Wait()
		s.must(s.app.Abandon("a"), nil)
		if err := <-added; err == nil || !strings.Contains(err.Error(), "start of a failed: killed") {
			s.Errorf("answered %v", err)
		}
		if list, _ := s.app.WhichChildren("top"); len(list) != 0 {
			s.Errorf("the child was not removed: %v", list)
		}
	}))
	t.Run("Init of a restart", in(func(s *suite, until chan struct{}) {
		s.must(s.app.StartChild(s.Context(), "top", s.withHooks(otp.ChildSpec{ID: "a"}, hang(until, 2), nil)), nil)
		s.crash("a")
		s.must(s.app.Abandon("a"), nil)
		s.awaitEcho("a")
	}))
	t.Run("Terminate of a stopped child", in(func(s *suite, until chan struct{}) {
		spec := s.withHooks(otp.ChildSpec{ID: "a", Shutdown: otp.Infinity}, nil, func(int) { <-until })
		s.must(s.app.StartChild(s.Context(), "top", spec), nil)
		stopped := make(chan error, 1)
		go func() { stopped <- s.terminate("a") }()
		synctest.Wait()
		s.must(s.app.Abandon("a"), nil)
		s.must(<-stopped, nil)
		if got := s.app.Tree().Children[0].State; got != "down" {
			s.Errorf("state of the stopped child: %s", got)
		}
	}))
	t.Run("Init of a declared child", in(func(s *suite, until chan struct{}) {
		added := make(chan error, 1)
		spec := otp.SupSpec{Children: []otp.ChildSpec{s.spec(otp.ChildSpec{ID: "a"}), s.withHooks(otp.ChildSpec{ID: "b"}, hang(until, 1), nil)}}
		go func() {
			added <- s.app.StartChild(s.Context(), "top", otp.ChildSpec{ID: "sub", Start: otp.Supervisor(spec)})
		}()
		synctest.Wait()
		s.must(s.app.Abandon("b"), nil)
		if err := <-added; err == nil || !strings.Contains(err.Error(), "start of b failed: killed") {
			s.Errorf("answered %v", err)
		}
		if s.refs["a"].Bound() {
			s.Error("its sibling still runs")
		}
	}))
}
