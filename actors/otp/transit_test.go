package otp_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"registrar/actors/fault"
	"registrar/actors/otp"
)

// inTransit arms a fault on messages to a and runs a test in fake time.
func inTransit(kind fault.Kind, message string, test func(*suite)) func(*testing.T) {
	return inSuite(lenient, []otp.ChildSpec{{ID: "a", Restart: otp.Transient}, {ID: "b"}}, func(s *suite) {
		if _, err := s.faults.Arm(fault.Rule{Point: fault.InTransit, Kind: kind, Process: "a", Message: message, For: time.Minute}); err != nil {
			s.Fatal(err)
		}
		s.j.reset()
		test(s)
	})
}

func (s *suite) says(from, text string) {
	s.Helper()
	if err := s.refs["a"].Tell(otp.External(from), note{text}); err != nil {
		s.Error(err)
	}
}

// A dropped request fails; a message without an answer is not dropped.
func TestDroppedRequestFails(t *testing.T) {
	inTransit(fault.Drop, "", func(s *suite) {
		s.says("test", "no answer, not dropped")
		letters := make(chan otp.Report, 1)
		defer s.sys.Subscribe(func(r otp.Report) { letters <- r }, otp.DeadLetter)()
		if _, err := ask(s.T, s.refs["a"], asEcho); !errors.Is(err, otp.ErrNoProcess) {
			s.Errorf("answered %v", err)
		}
		if r := <-letters; r.Process != "a" || r.Message != "otp_test.echo" {
			s.Errorf("a dead letter of %s: %s", r.Process, r.Message)
		}
		s.awaitEcho("a") // the rule has been used up
		s.happened("no answer, not dropped")
	})(t)
}

// Messages of the same sender wait behind a delayed one. Other senders are not affected.
func TestDelayKeepsTheOrderOfOneSender(t *testing.T) {
	inTransit(fault.Delay, "note", func(s *suite) {
		began := time.Now()
		s.says("one", "1")
		s.says("one", "2")
		got := make(chan error, 1)
		if err := s.refs["a"].Tell(otp.External("one"), hold{otp.NewFrom(func(_ string, err error) { got <- err })}); err != nil {
			s.Error(err)
		}
		s.says("two", "other sender")
		s.tell("b", fn{func(c *otp.Context[msg]) { _ = s.refs["a"].Tell(c, note{"process"}) }})
		s.happened("other sender", "process")
		s.j.await("held a", 1)
		if d := time.Since(began); d != time.Minute {
			s.Errorf("after %v", d)
		}
		s.says("one", "3")
		s.happened("1", "2", "held a", "3")
	})(t)
}

// A delayed message reaches the next incarnation after a restart in place.
func TestDelayedMessageSurvivesARestart(t *testing.T) {
	inTransit(fault.Delay, "note", func(s *suite) {
		s.says("one", "late")
		s.tell("a", boom{})
		s.happened("end a crash", "init a")
		time.Sleep(time.Minute)
		s.happened("late")
	})(t)
}

// A delayed message to an ended process is a dead letter, and its sender gets an error.
func TestDelayedMessageToEndedProcess(t *testing.T) {
	inTransit(fault.Delay, "", func(s *suite) {
		errs := make(chan error, 2)
		for _, m := range []msg{notified{errs}, echo{otp.NewFrom(func(_ string, err error) { errs <- err })}} {
			if err := s.refs["a"].Tell(otp.External("one"), m); err != nil {
				s.Error(err)
			}
		}
		s.tell("a", exit{otp.Normal})
		synctest.Wait()
		if len(errs) > 0 {
			s.Error("Undelivered was called before the delay")
		}
		began := time.Now()
		for range 2 {
			if err := <-errs; !errors.Is(err, otp.ErrNoProcess) {
				s.Errorf("failed with %v", err)
			}
		}
		if d := time.Since(began); d != time.Minute {
			s.Errorf("after %v", d)
		}
	})(t)
}

// A duplicated request is handled twice, in its place, and answered once.
func TestDuplicatedMessage(t *testing.T) {
	inTransit(fault.Duplicate, "", func(s *suite) {
		s.says("test", "before")
		got := make(chan error, 2)
		s.tell("a", hold{otp.NewFrom(func(_ string, err error) { got <- err })})
		s.says("test", "after")
		s.happened("before", "held a", "held a", "after")
		s.tell("a", boom{})
		if synctest.Wait(); len(got) != 1 {
			s.Errorf("answered %d times", len(got))
		}
	})(t)
	inTransit(fault.Duplicate, "echo", func(s *suite) {
		if got, err := ask(s.T, s.refs["a"], asEcho); err != nil || got != "a" {
			s.Errorf("%q, %v", got, err)
		}
		if synctest.Wait(); s.sys.DuplicateReplies() != 1 {
			s.Errorf("%d duplicate replies", s.sys.DuplicateReplies())
		}
	})(t)
}

// BenchmarkTellWithFaults compares a system with an empty fault set and one without, in readyProcess, so
// that the ratio is of one run.
func BenchmarkTellWithFaults(b *testing.B) {
	const batch = 10_000
	tell := func(opts ...otp.Option) func() time.Duration {
		s := &sink{}
		ref, from := under(b, otp.NewSystem(opts...), func() otp.Behaviour[msg] { return sinkBehaviour{s} }), otp.External("bench")
		return func() time.Duration {
			s.left, s.done = batch, make(chan struct{})
			began := time.Now()
			for range batch {
				_ = ref.Tell(from, tick{})
			}
			<-s.done
			return time.Since(began)
		}
	}
	without, with := tell(), tell(otp.WithFaults(&fault.Set{}))
	ratios := make([]float64, 0, 1024)
	for b.Loop() {
		one, other := without(), with()
		ratios = append(ratios, float64(other)/float64(one))
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "with/without")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(2*batch*len(ratios)), "ns/message")
	b.ReportMetric(0, "ns/op")
}
