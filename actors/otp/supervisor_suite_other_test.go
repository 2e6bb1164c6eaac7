package otp_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"registrar/actors/otp"
)

func otherCases() map[string]any {
	code := "no code is changed while it runs"
	hanging := func(strategy otp.Strategy) func(*testing.T) {
		return inSuite(otp.SupSpec{Strategy: strategy, Intensity: 1 << 30, Period: time.Hour, Backoff: &otp.Backoff{Initial: second, Max: second}},
			[]otp.ChildSpec{child2("child1", otp.Permanent)}, func(s *suite) {
				s.failing["child1"] = errInit
				s.crash("child1")
				for range 20 { // restarts fail for ever; the supervisor answers meanwhile
					time.Sleep(second)
					s.counts(1, 1, 0, 1)
				}
				s.must(s.terminate("child1"), nil)
				s.which("child1 down")
				s.must(s.app.Stop(s.Context()), nil)
			})
	}
	return map[string]any{
		"child_unlink": "a child cannot leave its supervisor: supervision uses no links",
		"tree": func(t *testing.T) {
			TestGivingUpEscalates(t)
			TestStartsInOrderAndStopsInReverse(t)
		},
		"count_children": inSuite(suiteSpec(), []otp.ChildSpec{child2("a", otp.Permanent), child2("b", otp.Transient)}, func(s *suite) {
			s.counts(2, 2, 0, 2)
			s.exit("b", otp.Normal)
			s.counts(2, 1, 0, 2)
		}),
		"count_children_supervisor": inSuite(suiteSpec(), []otp.ChildSpec{child2("a", otp.Permanent)}, func(s *suite) {
			s.must(s.app.StartChild(s.Context(), "top", otp.ChildSpec{ID: "sub", Start: otp.Supervisor(otp.SupSpec{})}), nil)
			s.counts(2, 2, 1, 1)
			s.must(s.terminate("sub"), nil)
			s.counts(2, 1, 1, 1)
		}),
		"count_restarting_children": inSuite(otp.SupSpec{Intensity: 10, Period: time.Hour, Backoff: &otp.Backoff{Initial: second, Max: second}},
			[]otp.ChildSpec{child2("a", otp.Permanent)}, func(s *suite) {
				s.crash("a")
				s.which("a restarting")
				s.counts(1, 1, 0, 1)
				s.must(s.terminate("a"), nil)
				s.counts(1, 0, 0, 1)
			}),
		"get_callback_module": "a supervisor has no callback module",
		"do_not_save_start_parameters_for_temporary_children": inSuite(suiteSpec(), []otp.ChildSpec{child2("a", otp.Temporary)}, func(s *suite) {
			s.must(s.terminate("a"), nil)
			s.must(s.restart("a"), otp.ErrNoChild)
		}),
		"do_not_save_child_specs_for_temporary_children": inSuite(suiteSpec(), nil, func(s *suite) {
			for range 3 {
				s.must(s.start(child2("a", otp.Temporary)), nil)
				s.exit("a", otp.Normal)
			}
			s.which()
		}),
		"simple_one_for_one_scale_many_temporary_children": "BenchmarkMillion",
		"simple_global_supervisor":                         "there is one node",
		"hanging_restart_loop":                             hanging(otp.OneForOne),
		"hanging_restart_loop_rest_for_one":                hanging(otp.RestForOne),
		"hanging_restart_loop_simple":                      TestChildWithFailingInitIsStopped,
		"code_change":                                      code, "code_change_map": code, "code_change_simple": code, "code_change_simple_map": code,
		"order_of_children": inSuite(suiteSpec(), nil, func(s *suite) {
			var want, end []string
			for i := range 5 {
				id := fmt.Sprint("child", i)
				s.must(s.start(child2(id, otp.Permanent)), nil)
				want, end = append(want, id+" up"), append(end, "end "+id+" shutdown")
			}
			s.which(want...)
			s.j.reset()
			s.must(s.app.Stop(s.Context()), nil)
			slices.Reverse(end)
			s.happened(end...)
		}),
		"scale_start_stop_many_children": inSuite(suiteSpec(), nil, func(s *suite) {
			const n = 1000
			for i := range n {
				s.must(s.start(child2(strconv.Itoa(i), otp.Temporary)), nil)
			}
			s.counts(n, n, 0, n)
			for i := range n {
				s.must(s.terminate(strconv.Itoa(i)), nil)
			}
			s.which()
		}),
		"format_log_1": "reports are typed events (Report), and LogReports writes them",
		"format_log_2": "see format_log_1",
	}
}

// A dynamic child with a failing Init is stopped by its limit.
func TestChildWithFailingInitIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys := otp.NewSystem()
		ref := otp.NewRef[msg](sys, "idleOwner")
		n := &failingOwner{ended: make(chan otp.Reason, 1)}
		app, err := otp.Start(t.Context(), sys, "top", otp.SupSpec{Children: []otp.ChildSpec{{ID: "idleOwner", Start: otp.Worker(ref, func() otp.Behaviour[msg] { return n })}}})
		if err != nil {
			t.Fatal(err)
		}
		_ = ref.Tell(otp.External("test"), note{"x"})
		if r := <-n.ended; r.Kind != otp.ExitCrash || !errors.Is(r.Term.(error), errInit) { //nolint:forcetypeassert // the term is an error.
			t.Errorf("ended with %v", r)
		}
		if err := app.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

type failingOwner struct {
	dynamic *otp.DynamicSupervisor[int, msg]
	ended   chan otp.Reason
}

func (n *failingOwner) Init(c *otp.Context[msg]) error {
	n.dynamic = otp.NewDynamicSupervisor(c, otp.DynamicSupervisorSpec[int, msg]{
		Name: func(int) string { return "poison" }, Intensity: 5,
		New: func(int) otp.Behaviour[msg] {
			return &worker{name: "poison", j: newJournal(), initErr: func() error { return errInit }}
		},
		OnExit: func(_ int, r otp.Reason) { n.ended <- r },
	})
	return nil
}

func (n *failingOwner) Handle(c *otp.Context[msg], m msg)     { _ = n.dynamic.Deliver(c, 1, m) }
func (*failingOwner) Terminate(*otp.Context[msg], otp.Reason) {}

// TerminateChild succeeds while a child restarts in an endless loop without delay.
func TestTerminateInterruptsRestartLoop(t *testing.T) {
	for range 50 {
		inSuite(otp.SupSpec{Intensity: 1 << 30, Period: time.Hour}, []otp.ChildSpec{child2("child1", otp.Permanent)}, func(s *suite) {
			s.failing["child1"] = errInit
			s.tell("child1", boom{})
			s.must(s.terminate("child1"), nil)
			s.which("child1 down")
		})(t)
	}
}
