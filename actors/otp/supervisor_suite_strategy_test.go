package otp_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"registrar/actors/otp"
)

func strategyCases() map[string]any {
	four := []otp.ChildSpec{child2("a", otp.Permanent), child2("b", otp.Permanent), child2("c", otp.Permanent), child2("d", otp.Permanent)}
	escalates := func(strategy otp.Strategy) func(*testing.T) {
		return inSuite(with(strategy, 4), four[:2], func(s *suite) {
			for range 4 {
				s.crash("a")
			}
			if s.ended() {
				s.Fatal("it gave up at its intensity")
			}
			s.crash("a")
			if !s.ended() {
				s.Error("it did not give up beyond its intensity")
			}
		})
	}
	failing := func(strategy otp.Strategy) func(*testing.T) {
		return inSuite(with(strategy, 4), four[:2], func(s *suite) {
			s.failing["b"] = errInit
			s.crash("a") // b fails to restart until the intensity is exceeded
			if !s.ended() || s.app.Err() == nil || !strings.Contains(s.app.Err().Error(), errInit.Error()) {
				s.Errorf("ended is %v: %v", s.ended(), s.app.Err())
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
			if !s.ended() {
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
		"simple_one_for_one":                TestDynamicRestartsInPlace,
		"simple_one_for_one_escalation":     "one child that crashes too often is stopped and cools down; its siblings and its owner live on (TestDynamicLimitIsPerChild)",
		"simple_one_for_one_corruption":     "a key is not a pid",
		"simple_one_for_one_extra":          "a child has no start arguments besides its key",
		"simple_one_for_one_shutdown":       TestDynamicEndsWithItsOwner,
		"simple_one_for_one_restart_ignore": "a child without work ends, and the next message for its key starts it again",
	}
}

func significantCases() map[string]any {
	pair := func(auto otp.AutoShutdown, r otp.Restart, significant bool) (otp.SupSpec, []otp.ChildSpec) {
		spec := suiteSpec()
		spec.AutoShutdown = auto
		return spec, []otp.ChildSpec{{ID: "a", Restart: r, Significant: significant}, {ID: "b", Restart: r, Significant: significant}, {ID: "x"}}
	}
	run := func(auto otp.AutoShutdown, r otp.Restart, significant bool, test func(*suite)) func(*testing.T) {
		spec, children := pair(auto, r, significant)
		return inSuite(spec, children, test)
	}
	alive := func(s *suite, want bool) {
		s.Helper()
		if s.ended() == want {
			s.Errorf("running is %v, want %v: %v", !want, want, s.app.Err())
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
		"significant_simple": "a DynamicSupervisor cannot be shut down by a child; its owner may exit in OnExit",
		"significant_bystander": inSuite(otp.SupSpec{Strategy: otp.OneForAll, Intensity: 2, Period: time.Hour, AutoShutdown: otp.AnySignificant}, []otp.ChildSpec{
			{ID: "a"}, {ID: "b", Restart: otp.Temporary, Significant: true}, {ID: "c", Restart: otp.Transient, Significant: true},
		}, func(s *suite) {
			s.crash("a") // b is stopped by its supervisor, which does not count
			alive(s, true)
			s.which("a up", "c up")
		}),
		"significant_escalation": func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := startTree(t, otp.SupSpec{AutoShutdown: otp.AnySignificant}, nil, func(p *testTree, spec *otp.SupSpec) {
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
				<-p.app.Done() // both levels have shut down
			})
		},
		"significant_upgrade_never_any": upgrade, "significant_upgrade_any_never": upgrade, "significant_upgrade_never_all": upgrade,
		"significant_upgrade_all_never": upgrade, "significant_upgrade_any_all": upgrade, "significant_upgrade_all_any": upgrade,
		"significant_upgrade_child": upgrade,
	}
}
