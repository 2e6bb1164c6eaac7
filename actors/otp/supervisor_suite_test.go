package otp_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"registrar/actors/otp"
)

// suite is a supervisor in a synctest bubble.
type suite struct {
	*testing.T
	*testTree
	failing map[string]error // error of Init by child
}

func inSuite(spec otp.SupSpec, children []otp.ChildSpec, test func(*suite)) func(*testing.T) {
	return func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := &suite{T: t, failing: map[string]error{}}
			s.testTree = startTree(t, spec, nil, func(p *testTree, spec *otp.SupSpec) {
				s.testTree = p
				for _, c := range children {
					spec.Children = append(spec.Children, s.spec(c))
				}
			})
			test(s)
		})
	}
}

// spec adds a process to a spec.
func (s *suite) spec(c otp.ChildSpec) otp.ChildSpec {
	ref := otp.NewRef[msg](s.sys, c.ID)
	s.refs[c.ID] = ref
	c.Start = otp.Worker(ref, func() otp.Behaviour[msg] {
		return &worker{name: c.ID, j: s.j, initErr: func() error { return s.failing[c.ID] }}
	})
	return c
}

func (s *suite) crash(id string)              { s.Helper(); s.tell(id, boom{}); synctest.Wait() }
func (s *suite) exit(id string, r otp.Reason) { s.Helper(); s.tell(id, exit{r}); synctest.Wait() }
func (s *suite) start(c otp.ChildSpec) error  { return s.app.StartChild(s.Context(), "top", s.spec(c)) }

func (s *suite) terminate(id string) error { return s.app.TerminateChild(s.Context(), "top", id) }
func (s *suite) restart(id string) error   { return s.app.RestartChild(s.Context(), "top", id) }
func (s *suite) delete(id string) error    { return s.app.DeleteChild(s.Context(), "top", id) }
func (s *suite) ended() bool {
	select {
	case <-s.app.Done():
		return true
	default:
		return false
	}
}

func (s *suite) which(want ...string) {
	s.Helper()
	list, err := s.app.WhichChildren("top")
	var got []string
	for _, c := range list {
		got = append(got, c.ID+" "+c.State)
	}
	if err != nil || !slices.Equal(got, want) {
		s.Errorf("children %v, %v, want %v", got, err, want)
	}
}

func (s *suite) counts(specs, active, supervisors, workers int) {
	s.Helper()
	if n, err := s.app.CountChildren("top"); err != nil || n != (otp.Counts{Specs: specs, Active: active, Supervisors: supervisors, Workers: workers}) {
		s.Errorf("counts %+v, %v", n, err)
	}
}

// happened compares the journal since the last call.
func (s *suite) happened(want ...string) {
	s.Helper()
	synctest.Wait()
	if got := s.j.all(); fmt.Sprint(got) != fmt.Sprint(want) {
		s.Errorf("journal %v, want %v", got, want)
	}
	s.j.reset()
}

func (s *suite) must(err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Errorf("answered %v, want %v", err, want)
	}
}

func child2(id string, r otp.Restart) otp.ChildSpec { return otp.ChildSpec{ID: id, Restart: r} }

var errInit = errors.New("init fails")

// TestSupervisorSuite runs the cases of OTP's supervisor_SUITE by name. A string in place of a
// test is the reason why there is none.
func TestSupervisorSuite(t *testing.T) {
	cases := map[string]any{}
	for _, group := range []map[string]any{startCases(), stopCases(), admCases(), terminationCases(), strategyCases(), significantCases(), otherCases()} {
		maps.Copy(cases, group)
	}
	for name := range strings.FieldsSeq(suiteNames) {
		t.Run(name, func(t *testing.T) {
			switch c := cases[name].(type) {
			case func(*testing.T):
				c(t)
			case string:
				t.Logf("no test: %s", c)
			default:
				t.Error("neither a test nor a reason")
			}
		})
		delete(cases, name)
	}
	for name := range cases {
		t.Errorf("%s is no case of the suite", name)
	}
}

// suiteNames are the cases of supervisor_SUITE in OTP 27.
const suiteNames = `sup_start_normal sup_start_ignore_init sup_start_ignore_child sup_start_ignore_temporary_child sup_start_ignore_temporary_child_start_child
sup_start_ignore_temporary_child_start_child_simple sup_start_ignore_permanent_child_start_child_simple sup_start_error_return sup_start_fail
sup_start_child_returns_error sup_start_restart_child_returns_error sup_start_child_returns_error_simple sup_start_map sup_start_map_simple
sup_start_map_faulty_specs sup_stop_infinity sup_stop_timeout sup_stop_brutal_kill child_adm child_adm_simple child_specs extra_return sup_flags
permanent_normal transient_normal temporary_normal permanent_shutdown transient_shutdown temporary_shutdown faulty_application_shutdown
permanent_abnormal transient_abnormal temporary_abnormal temporary_bystander multiple_restarts one_for_one one_for_one_escalation one_for_all
one_for_all_escalation one_for_all_other_child_fails_restart simple_one_for_one simple_one_for_one_escalation simple_one_for_one_corruption rest_for_one
rest_for_one_escalation rest_for_one_other_child_fails_restart simple_one_for_one_extra simple_one_for_one_shutdown simple_one_for_one_restart_ignore
nonsignificant_temporary nonsignificant_transient significant_temporary significant_transient significant_simple significant_bystander
significant_escalation significant_upgrade_never_any significant_upgrade_any_never significant_upgrade_never_all significant_upgrade_all_never
significant_upgrade_any_all significant_upgrade_all_any significant_upgrade_child child_unlink tree count_children count_children_supervisor
count_restarting_children get_callback_module do_not_save_start_parameters_for_temporary_children do_not_save_child_specs_for_temporary_children
simple_one_for_one_scale_many_temporary_children simple_global_supervisor hanging_restart_loop hanging_restart_loop_rest_for_one
hanging_restart_loop_simple code_change code_change_map code_change_simple code_change_simple_map order_of_children scale_start_stop_many_children
format_log_1 format_log_2`

const second = time.Second

func suiteSpec() otp.SupSpec { return otp.SupSpec{Intensity: 2, Period: time.Hour} }

func with(s otp.Strategy, intensity int) otp.SupSpec {
	return otp.SupSpec{Strategy: s, Intensity: intensity, Period: time.Hour}
}
