package otp_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"registrar/actors/otp"
)

func startCases() map[string]any {
	const simple = "a Family has no child specs and no answer to a start: Deliver starts on demand, an Init that fails is a crash of that child alone"
	return map[string]any{
		"sup_start_normal":      inSuite(loose(), nil, func(s *suite) { s.which(); s.must(s.app.Stop(s.Context()), nil) }),
		"sup_start_ignore_init": "a supervisor is declared as data: it has no init callback that could ignore",
		"sup_start_ignore_child": inSuite(loose(), nil, func(s *suite) {
			s.failing["child1"] = otp.Ignore
			s.must(s.start(child2("child1", otp.Permanent)), nil)
			s.must(s.start(child2("child2", otp.Permanent)), nil)
			s.which("child1 down", "child2 up")
			s.counts(2, 1, 0, 2)
		}),
		"sup_start_ignore_temporary_child": func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &suite{T: t, failing: map[string]error{"child1": otp.Ignore}}
				s.plant = grow(t, loose(), nil, func(p *plant, spec *otp.SupSpec) {
					s.plant = p
					spec.Children = []otp.ChildSpec{s.spec(child2("child1", otp.Temporary)), s.spec(child2("child2", otp.Temporary))}
				})
				s.which("child2 up")
				s.counts(1, 1, 0, 1)
			})
		},
		"sup_start_ignore_temporary_child_start_child": inSuite(loose(), nil, func(s *suite) {
			s.failing["child1"] = otp.Ignore
			s.must(s.start(child2("child1", otp.Temporary)), nil)
			s.must(s.start(child2("child2", otp.Temporary)), nil)
			s.which("child2 up")
		}),
		"sup_start_ignore_temporary_child_start_child_simple": simple,
		"sup_start_ignore_permanent_child_start_child_simple": simple,
		"sup_start_error_return":                              "a declaration cannot be of another type; what is wrong with its content is in sup_start_map_faulty_specs",
		"sup_start_fail": func(t *testing.T) {
			j := newJournal()
			sys := otp.NewSystem()
			ref := otp.NewRef[msg](sys, "a")
			_, err := otp.Start(t.Context(), sys, "top", otp.SupSpec{Children: []otp.ChildSpec{{ID: "a", Start: otp.Worker(ref, func() otp.Behaviour[msg] {
				return &worker{name: "a", j: j, initErr: func() error { panic("badmatch") }}
			})}}})
			if err == nil || !strings.Contains(err.Error(), "badmatch") {
				t.Errorf("got %v", err)
			}
		},
		"sup_start_child_returns_error": inSuite(loose(), nil, func(s *suite) {
			s.failing["child1"] = errInit
			if err := s.start(child2("child1", otp.Permanent)); err == nil || !strings.Contains(err.Error(), errInit.Error()) {
				s.Errorf("got %v", err)
			}
			s.which()
		}),
		"sup_start_restart_child_returns_error": inSuite(loose(), []otp.ChildSpec{child2("child1", otp.Permanent)}, func(s *suite) {
			s.must(s.terminate("child1"), nil)
			s.failing["child1"] = errInit
			if s.restart("child1") == nil {
				s.Error("it is said to be up")
			}
			s.which("child1 down")
		}),
		"sup_start_child_returns_error_simple": simple,
		"sup_start_map": inSuite(loose(), []otp.ChildSpec{{ID: "child1"}, {ID: "child2", Shutdown: otp.BrutalKill}}, func(s *suite) {
			for id, want := range map[string]time.Duration{"child1": 0, "child2": otp.BrutalKill} { // zero is five seconds, or for ever
				if c, err := s.app.ChildSpecOf("top", id); err != nil || c.Restart != otp.Permanent || c.Shutdown != want {
					s.Errorf("%s is %+v, %v", id, c, err)
				}
			}
			_, err := s.app.ChildSpecOf("top", "child4")
			s.must(err, otp.ErrNoChild)
		}),
		"sup_start_map_simple":       simple,
		"sup_start_map_faulty_specs": TestBadSpecsAreRefusedByName,
	}
}

func stopCases() map[string]any {
	stop := func(limit time.Duration, hang bool, ends string) func(*testing.T) {
		return inSuite(loose(), []otp.ChildSpec{child2("child1", otp.Permanent), {ID: "child2", Shutdown: limit}}, func(s *suite) {
			release := make(chan struct{})
			defer close(release)
			if hang {
				s.tell("child2", block{release})
				s.j.await("blocked child2", 1)
			}
			s.j.reset()
			began := time.Now()
			s.must(s.app.Stop(context.WithoutCancel(s.Context())), nil)
			want := []string{"end child2 shutdown", "end child1 shutdown"}
			if ends == "killed" {
				want = want[1:]
			}
			s.happened(want...)
			if took := time.Since(began); hang && limit > 0 && took != limit || !hang && took != 0 {
				s.Errorf("the stop took %v", took)
			}
		})
	}
	return map[string]any{
		"sup_stop_infinity":    stop(otp.Infinity, false, "shutdown"),
		"sup_stop_timeout":     stop(second, true, "killed"),
		"sup_stop_brutal_kill": stop(otp.BrutalKill, true, "killed"),
	}
}

func admCases() map[string]any {
	return map[string]any{
		"child_adm": inSuite(loose(), nil, func(s *suite) {
			c := child2("child1", otp.Permanent)
			s.must(s.start(c), nil)
			s.which("child1 up")
			s.counts(1, 1, 0, 1)
			s.must(s.app.StartChild(s.Context(), "top", s.spec(c)), otp.ErrAlreadyStarted)
			s.must(s.delete("child1"), otp.ErrRunning)
			s.must(s.restart("child1"), otp.ErrRunning)
			s.must(s.terminate("child1"), nil)
			s.must(s.terminate("child1"), nil)
			s.which("child1 down")
			s.counts(1, 0, 0, 1)
			s.must(s.app.StartChild(s.Context(), "top", s.spec(c)), otp.ErrAlreadyPresent)
			s.must(s.restart("child1"), nil)
			s.must(s.terminate("child1"), nil)
			s.must(s.delete("child1"), nil)
			s.must(s.restart("child1"), otp.ErrNoChild)
			s.must(s.terminate("child1"), otp.ErrNoChild)
			s.must(s.delete("child1"), otp.ErrNoChild)
			s.which()
			s.must(s.app.DeleteChild(s.Context(), "nobody", "x"), otp.ErrNotASupervisor)
		}),
		"child_adm_simple": "a Family's children are found by key: Live, Len, Stop, Tell (TestFamilyStartsOnDemandWithTheFirstMessage)",
		"child_specs": inSuite(loose(), nil, func(s *suite) {
			ok := s.spec(child2("x", otp.Permanent))
			for name, bad := range map[string]otp.ChildSpec{
				"no id": {Start: ok.Start}, "no start": {ID: "x"}, "restart": {ID: "x", Start: ok.Start, Restart: 9},
				"shutdown": {ID: "x", Start: ok.Start, Shutdown: -5}, "significant": {ID: "x", Start: ok.Start, Significant: true},
				"significant here": {ID: "x", Start: ok.Start, Significant: true, Restart: otp.Transient},
			} {
				if err := s.app.StartChild(s.Context(), "top", bad); err == nil || !strings.HasPrefix(err.Error(), "bad spec: ") {
					s.Errorf("%s: %v", name, err)
				}
			}
			s.which()
		}),
		"extra_return": "a start has no extra term to return",
		"sup_flags":    TestBadSpecsAreRefusedByName,
	}
}

func terminationCases() map[string]any {
	ends := func(r otp.Restart, how func(*suite), up, declared bool) func(*testing.T) {
		return inSuite(loose(), []otp.ChildSpec{child2("child1", r)}, func(s *suite) {
			how(s)
			switch {
			case up:
				s.which("child1 up")
				s.counts(1, 1, 0, 1)
			case declared:
				s.which("child1 down")
				s.counts(1, 0, 0, 1)
			default:
				s.which()
				s.counts(0, 0, 0, 0)
			}
		})
	}
	normal := func(s *suite) { s.exit("child1", otp.Normal) }
	shutdown := func(s *suite) { s.exit("child1", otp.Shutdown) }
	term := func(s *suite) { s.exit("child1", otp.ShutdownWith("term")) }
	abnormal := func(s *suite) { s.crash("child1") }
	return map[string]any{
		"permanent_normal": ends(otp.Permanent, normal, true, true), "transient_normal": ends(otp.Transient, normal, false, true),
		"temporary_normal": ends(otp.Temporary, normal, false, false),
		"permanent_shutdown": func(t *testing.T) {
			ends(otp.Permanent, shutdown, true, true)(t)
			ends(otp.Permanent, term, true, true)(t)
		},
		"transient_shutdown": func(t *testing.T) {
			ends(otp.Transient, shutdown, false, true)(t)
			ends(otp.Transient, term, false, true)(t)
		},
		"temporary_shutdown":          ends(otp.Temporary, term, false, false),
		"faulty_application_shutdown": TestGivingUpEscalates,
		"permanent_abnormal":          ends(otp.Permanent, abnormal, true, true),
		"transient_abnormal":          ends(otp.Transient, abnormal, true, true),
		"temporary_abnormal":          ends(otp.Temporary, abnormal, false, false),
		"temporary_bystander": inSuite(with(otp.RestForOne, 10), []otp.ChildSpec{child2("child1", otp.Permanent), child2("child2", otp.Temporary)}, func(s *suite) {
			s.crash("child1")
			s.which("child1 up") // a temporary bystander is not restarted
		}),
	}
}

func strategyCases() map[string]any {
	four := []otp.ChildSpec{child2("a", otp.Permanent), child2("b", otp.Permanent), child2("c", otp.Permanent), child2("d", otp.Permanent)}
	escalates := func(strategy otp.Strategy) func(*testing.T) {
		return inSuite(with(strategy, 4), four[:2], func(s *suite) {
			for range 4 {
				s.crash("a")
			}
			if s.gone() {
				s.Fatal("it gave up at its intensity")
			}
			s.crash("a")
			if !s.gone() {
				s.Error("it did not give up beyond its intensity")
			}
		})
	}
	failing := func(strategy otp.Strategy) func(*testing.T) {
		return inSuite(with(strategy, 4), four[:2], func(s *suite) {
			s.failing["b"] = errInit
			s.crash("a") // b cannot be started again: tried through the queue until it is too much
			if !s.gone() || s.app.Err() == nil || !strings.Contains(s.app.Err().Error(), errInit.Error()) {
				s.Errorf("gone %v: %v", s.gone(), s.app.Err())
			}
		})
	}
	return map[string]any{
		"multiple_restarts": inSuite(otp.SupSpec{Intensity: 1, Period: second}, four[:1], func(s *suite) {
			for range 5 {
				s.crash("a")
				time.Sleep(1100 * time.Millisecond)
			}
			s.which("a up")
			s.crash("a")
			s.crash("a")
			if !s.gone() {
				s.Error("two within a second are more than one")
			}
		}),
		"one_for_one": inSuite(with(otp.OneForOne, 4), four[:2], func(s *suite) {
			s.j.reset()
			s.crash("a")
			s.happened("end a crash", "init a")
		}),
		"one_for_all": inSuite(with(otp.OneForAll, 4), four[:3], func(s *suite) {
			s.j.reset()
			s.crash("b")
			s.happened("end b crash", "end c shutdown", "end a shutdown", "init a", "init b", "init c")
		}),
		"rest_for_one": inSuite(with(otp.RestForOne, 4), four, func(s *suite) {
			s.j.reset()
			s.crash("b")
			s.happened("end b crash", "end d shutdown", "end c shutdown", "init b", "init c", "init d")
		}),
		"one_for_one_escalation": escalates(otp.OneForOne), "one_for_all_escalation": escalates(otp.OneForAll), "rest_for_one_escalation": escalates(otp.RestForOne),
		"one_for_all_other_child_fails_restart": failing(otp.OneForAll), "rest_for_one_other_child_fails_restart": failing(otp.RestForOne),
		"simple_one_for_one":                TestFamilyRestartsAChildInPlace,
		"simple_one_for_one_escalation":     "one child that crashes too often is stopped and cools down; its siblings and its owner live on (TestFamilyLimitsEachChildAlone)",
		"simple_one_for_one_corruption":     "a key cannot be mistaken for a pid",
		"simple_one_for_one_extra":          "what a child needs is in its key",
		"simple_one_for_one_shutdown":       TestFamilyEndsWithItsOwner,
		"simple_one_for_one_restart_ignore": "a child that has nothing to do ends, and its key may be started again",
	}
}

func significantCases() map[string]any {
	pair := func(auto otp.AutoShutdown, r otp.Restart, significant bool) (otp.SupSpec, []otp.ChildSpec) {
		spec := loose()
		spec.AutoShutdown = auto
		return spec, []otp.ChildSpec{{ID: "a", Restart: r, Significant: significant}, {ID: "b", Restart: r, Significant: significant}, {ID: "x"}}
	}
	run := func(auto otp.AutoShutdown, r otp.Restart, significant bool, test func(*suite)) func(*testing.T) {
		spec, children := pair(auto, r, significant)
		return inSuite(spec, children, test)
	}
	alive := func(s *suite, want bool) {
		s.Helper()
		if s.gone() == want {
			s.Errorf("alive is %v, want %v: %v", !want, want, s.app.Err())
		}
	}
	both := func(tests ...func(*testing.T)) func(*testing.T) {
		return func(t *testing.T) {
			for _, test := range tests {
				test(t)
			}
		}
	}
	upgrade := "no code is changed while it runs"
	return map[string]any{
		"nonsignificant_temporary": run(otp.AnySignificant, otp.Temporary, false, func(s *suite) { s.exit("a", otp.Normal); s.crash("b"); alive(s, true) }),
		"nonsignificant_transient": run(otp.AnySignificant, otp.Transient, false, func(s *suite) { s.exit("a", otp.Normal); s.exit("b", otp.Shutdown); alive(s, true) }),
		"significant_temporary": both(
			run(otp.AnySignificant, otp.Temporary, true, func(s *suite) { s.crash("a"); alive(s, false) }),
			run(otp.AllSignificant, otp.Temporary, true, func(s *suite) { s.exit("a", otp.Normal); alive(s, true); s.crash("b"); alive(s, false) }),
			run(otp.AnySignificant, otp.Temporary, true, func(s *suite) { s.must(s.terminate("a"), nil); synctest.Wait(); alive(s, true) }),
		),
		"significant_transient": both(
			run(otp.AnySignificant, otp.Transient, true, func(s *suite) { s.crash("a"); alive(s, true); s.exit("a", otp.Normal); alive(s, false) }),
			run(otp.AllSignificant, otp.Transient, true, func(s *suite) {
				s.exit("a", otp.ShutdownWith(1))
				alive(s, true)
				s.crash("b")
				alive(s, true)
				s.exit("b", otp.Normal)
				alive(s, false)
			}),
		),
		"significant_simple": "a Family cannot be shut down by a child; its owner may exit in OnExit",
		"significant_bystander": inSuite(otp.SupSpec{Strategy: otp.OneForAll, Intensity: 2, Period: time.Hour, AutoShutdown: otp.AnySignificant}, []otp.ChildSpec{
			{ID: "a"}, {ID: "b", Restart: otp.Temporary, Significant: true}, {ID: "c", Restart: otp.Transient, Significant: true},
		}, func(s *suite) {
			s.crash("a") // b is stopped by its supervisor, not by itself
			alive(s, true)
			s.which("a up", "c up")
		}),
		"significant_escalation": func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := grow(t, otp.SupSpec{AutoShutdown: otp.AnySignificant}, nil, func(p *plant, spec *otp.SupSpec) {
					ref := otp.NewRef[msg](p.sys, "leaf")
					p.refs["leaf"] = ref
					spec.Children = []otp.ChildSpec{{ID: "inner", Restart: otp.Transient, Significant: true, Start: otp.Supervisor(otp.SupSpec{
						AutoShutdown: otp.AnySignificant, Children: []otp.ChildSpec{{
							ID: "leaf", Restart: otp.Transient, Significant: true,
							Start: otp.Worker(ref, func() otp.Behaviour[msg] { return &worker{name: "leaf", j: p.j} }),
						}},
					})}}
				})
				p.tell("leaf", exit{otp.Normal})
				<-p.app.Done() // all the way up
			})
		},
		"significant_upgrade_never_any": upgrade, "significant_upgrade_any_never": upgrade, "significant_upgrade_never_all": upgrade,
		"significant_upgrade_all_never": upgrade, "significant_upgrade_any_all": upgrade, "significant_upgrade_all_any": upgrade,
		"significant_upgrade_child": upgrade,
	}
}

func otherCases() map[string]any {
	code := "no code is changed while it runs"
	hanging := func(strategy otp.Strategy) func(*testing.T) {
		return inSuite(otp.SupSpec{Strategy: strategy, Intensity: 1 << 30, Period: time.Hour, Backoff: &otp.Backoff{Initial: second, Max: second}},
			[]otp.ChildSpec{child2("child1", otp.Permanent)}, func(s *suite) {
				s.failing["child1"] = errInit
				s.crash("child1")
				for range 20 { // restarts fail for ever, and the supervisor answers all the while
					time.Sleep(second)
					s.counts(1, 1, 0, 1)
				}
				s.must(s.terminate("child1"), nil)
				s.which("child1 down")
				s.must(s.app.Stop(s.Context()), nil)
			})
	}
	return map[string]any{
		"child_unlink": "a child cannot leave its supervisor: links and supervision are apart here",
		"tree": func(t *testing.T) {
			TestGivingUpEscalates(t)
			TestStartsInOrderAndStopsInReverse(t)
		},
		"count_children": inSuite(loose(), []otp.ChildSpec{child2("a", otp.Permanent), child2("b", otp.Transient)}, func(s *suite) {
			s.counts(2, 2, 0, 2)
			s.exit("b", otp.Normal)
			s.counts(2, 1, 0, 2)
		}),
		"count_children_supervisor": inSuite(loose(), []otp.ChildSpec{child2("a", otp.Permanent)}, func(s *suite) {
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
		"do_not_save_start_parameters_for_temporary_children": inSuite(loose(), []otp.ChildSpec{child2("a", otp.Temporary)}, func(s *suite) {
			s.must(s.terminate("a"), nil)
			s.must(s.restart("a"), otp.ErrNoChild)
		}),
		"do_not_save_child_specs_for_temporary_children": inSuite(loose(), nil, func(s *suite) {
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
		"hanging_restart_loop_simple":                      TestPoisonChildEndsByItself,
		"code_change":                                      code, "code_change_map": code, "code_change_simple": code, "code_change_simple_map": code,
		"order_of_children": inSuite(loose(), nil, func(s *suite) {
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
		"scale_start_stop_many_children": inSuite(loose(), nil, func(s *suite) {
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

// A child of a family whose Init always fails is stopped by its limit.
func TestPoisonChildEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys := otp.NewSystem()
		ref := otp.NewRef[msg](sys, "nurse")
		n := &poisonNurse{gone: make(chan otp.Reason, 1)}
		app, err := otp.Start(t.Context(), sys, "top", otp.SupSpec{Children: []otp.ChildSpec{{ID: "nurse", Start: otp.Worker(ref, func() otp.Behaviour[msg] { return n })}}})
		if err != nil {
			t.Fatal(err)
		}
		_ = ref.Tell(otp.External("test"), note{"x"})
		if r := <-n.gone; r.Kind != otp.ExitCrash || !errors.Is(r.Term.(error), errInit) { //nolint:forcetypeassert // it is.
			t.Errorf("ended with %v", r)
		}
		if err := app.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

type poisonNurse struct {
	family *otp.DynamicSupervisor[int, msg]
	gone   chan otp.Reason
}

func (n *poisonNurse) Init(c *otp.Context[msg]) error {
	n.family = otp.NewDynamicSupervisor(c, otp.DynamicSupervisorSpec[int, msg]{
		Name: func(int) string { return "poison" }, Intensity: 5,
		New: func(int) otp.Behaviour[msg] {
			return &worker{name: "poison", j: newJournal(), initErr: func() error { return errInit }}
		},
		OnExit: func(_ int, r otp.Reason) { n.gone <- r },
	})
	return nil
}

func (n *poisonNurse) Handle(c *otp.Context[msg], m msg)     { _ = n.family.Deliver(c, 1, m) }
func (*poisonNurse) Terminate(*otp.Context[msg], otp.Reason) {}

// A child whose Init fails for ever, without any pause, keeps nobody waiting who wants to stop it.
func TestEndlessRestartsAreInterrupted(t *testing.T) {
	for range 50 {
		inSuite(otp.SupSpec{Intensity: 1 << 30, Period: time.Hour}, []otp.ChildSpec{child2("child1", otp.Permanent)}, func(s *suite) {
			s.failing["child1"] = errInit
			s.tell("child1", boom{})
			s.must(s.terminate("child1"), nil)
			s.which("child1 down")
		})(t)
	}
}
