package otp_test

import (
	"testing"
	"testing/synctest"
	"time"

	"registrar/actors/otp"
)

// A stop continues if a child that is starting fails in Init.
func TestFailedInitDoesNotBlockStop(t *testing.T) {
	inSuite(lenient, nil, func(s *suite) {
		failInit, endB := make(chan struct{}), make(chan struct{})
		a := s.withHooks(otp.ChildSpec{ID: "a"}, func(n int, _ *otp.Context[msg]) {
			if n > 1 {
				<-failInit
				panic("cannot start")
			}
		}, nil)
		b := s.withHooks(otp.ChildSpec{ID: "b", Shutdown: otp.Infinity}, nil, func(int) { <-endB })
		s.must(s.app.StartChild(s.Context(), "top", otp.ChildSpec{ID: "sub", Start: otp.Supervisor(otp.SupSpec{Intensity: 100, Children: []otp.ChildSpec{a, b}})}), nil)
		s.crash("a") // hangs in its next Init
		stopped := make(chan error, 1)
		go func() { stopped <- s.terminate("sub") }()
		synctest.Wait()
		close(failInit)
		synctest.Wait()
		close(endB)
		select {
		case err := <-stopped:
			s.must(err, nil)
		case <-time.After(time.Hour):
			s.Error("the stop did not end")
		}
	})(t)
}

// Children that exit while another child starts are restarted afterwards, all of them.
func TestExitsDuringPlanAreRestarted(t *testing.T) {
	inSuite(lenient, nil, func(s *suite) {
		until := make(chan struct{})
		for _, id := range []string{"a", "b", "c"} {
			s.must(s.start(otp.ChildSpec{ID: id}), nil)
		}
		added := make(chan error, 1)
		d := s.withHooks(otp.ChildSpec{ID: "d"}, func(int, *otp.Context[msg]) { <-until }, nil)
		go func() { added <- s.app.StartChild(s.Context(), "top", d) }()
		synctest.Wait()
		for _, id := range []string{"a", "b", "c"} {
			s.exit(id, otp.Normal)
		}
		close(until)
		s.must(<-added, nil)
		synctest.Wait()
		for _, c := range s.app.Tree().Children {
			if c.State != "up" {
				s.Errorf("%s is %s", c.Name, c.State)
			}
		}
	})(t)
}

// A child that waits for its delayed restart can be terminated for good. It cannot be deleted or
// restarted before.
func TestOperatorDuringDelayedRestart(t *testing.T) {
	spec := otp.SupSpec{Intensity: 5, Period: time.Hour, Backoff: &otp.Backoff{Initial: time.Minute, Max: time.Minute}}
	inSuite(spec, []otp.ChildSpec{{ID: "a"}}, func(s *suite) {
		s.exit("a", otp.Normal)
		s.must(s.restart("a"), otp.ErrRunning)
		s.must(s.delete("a"), otp.ErrRunning)
		s.must(s.terminate("a"), nil)
		time.Sleep(time.Hour)
		if got := s.app.Tree().Children[0].State; got != "down" {
			s.Errorf("state of the terminated child: %s", got)
		}
		s.must(s.delete("a"), nil)
	})(t)
}
