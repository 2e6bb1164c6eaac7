package otp_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"registrar/actors/otp"
)

func startCases() map[string]any {
	const simple = "a DynamicSupervisor has no child specs and no answer to a start: Deliver starts on demand, an Init that fails is a crash of that child alone"
	return map[string]any{
		"sup_start_normal":      inSuite(suiteSpec(), nil, func(s *suite) { s.which(); s.must(s.app.Stop(s.Context()), nil) }),
		"sup_start_ignore_init": "a supervisor is declared as data: it has no init callback that could ignore",
		"sup_start_ignore_child": inSuite(suiteSpec(), nil, func(s *suite) {
			s.failing["child1"] = otp.Ignore
			s.must(s.start(child2("child1", otp.Permanent)), nil)
			s.must(s.start(child2("child2", otp.Permanent)), nil)
			s.which("child1 down", "child2 up")
			s.counts(2, 1, 0, 2)
		}),
		"sup_start_ignore_temporary_child": func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &suite{T: t, failing: map[string]error{"child1": otp.Ignore}}
				s.testTree = startTree(t, suiteSpec(), nil, func(p *testTree, spec *otp.SupSpec) {
					s.testTree = p
					spec.Children = []otp.ChildSpec{s.spec(child2("child1", otp.Temporary)), s.spec(child2("child2", otp.Temporary))}
				})
				s.which("child2 up")
				s.counts(1, 1, 0, 1)
			})
		},
		"sup_start_ignore_temporary_child_start_child": inSuite(suiteSpec(), nil, func(s *suite) {
			s.failing["child1"] = otp.Ignore
			s.must(s.start(child2("child1", otp.Temporary)), nil)
			s.must(s.start(child2("child2", otp.Temporary)), nil)
			s.which("child2 up")
		}),
		"sup_start_ignore_temporary_child_start_child_simple": simple,
		"sup_start_ignore_permanent_child_start_child_simple": simple,
		"sup_start_error_return":                              "a declaration cannot be of another type; faulty contents are in sup_start_map_faulty_specs",
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
		"sup_start_child_returns_error": inSuite(suiteSpec(), nil, func(s *suite) {
			s.failing["child1"] = errInit
			if err := s.start(child2("child1", otp.Permanent)); err == nil || !strings.Contains(err.Error(), errInit.Error()) {
				s.Errorf("got %v", err)
			}
			s.which()
		}),
		"sup_start_restart_child_returns_error": inSuite(suiteSpec(), []otp.ChildSpec{child2("child1", otp.Permanent)}, func(s *suite) {
			s.must(s.terminate("child1"), nil)
			s.failing["child1"] = errInit
			if s.restart("child1") == nil {
				s.Error("the start succeeded")
			}
			s.which("child1 down")
		}),
		"sup_start_child_returns_error_simple": simple,
		"sup_start_map": inSuite(suiteSpec(), []otp.ChildSpec{{ID: "child1"}, {ID: "child2", Shutdown: otp.BrutalKill}}, func(s *suite) {
			// Zero means the default.
			for id, want := range map[string]time.Duration{"child1": 0, "child2": otp.BrutalKill} {
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
		return inSuite(suiteSpec(), []otp.ChildSpec{child2("child1", otp.Permanent), {ID: "child2", Shutdown: limit}}, func(s *suite) {
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
		"child_adm": inSuite(suiteSpec(), nil, func(s *suite) {
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
		"child_adm_simple": "a DynamicSupervisor's children are found by key: Live, Len, Stop, Tell (TestDynamicStartsOnDemand)",
		"child_specs": inSuite(suiteSpec(), nil, func(s *suite) {
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
		return inSuite(suiteSpec(), []otp.ChildSpec{child2("child1", r)}, func(s *suite) {
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
			s.which("child1 up") // the temporary sibling is not restarted
		}),
	}
}
