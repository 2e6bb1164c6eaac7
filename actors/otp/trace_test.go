package otp_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar/actors/fault"
	"registrar/actors/otp"
	"registrar/actors/trace"
)

func (n note) TraceNote() trace.Note { return trace.Note{Text: n.text} }

// traced is a suite with a recorder.
type traced struct {
	*suite
	rec *trace.Recorder
}

func inTrace(test func(*traced), children ...otp.ChildSpec) func(*testing.T) {
	return func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { test(startTraced(t, otp.SystemClock(), children...)) })
	}
}

func startTraced(t *testing.T, clock otp.Clock, children ...otp.ChildSpec) *traced {
	t.Helper()
	s := &traced{rec: trace.New(trace.DefaultEvents, clock.Now(), clock.Mono()), suite: &suite{T: t, failing: map[string]error{}}}
	s.testTree = startTree(t, lenient, nil, func(p *testTree, spec *otp.SupSpec) {
		p.sys = otp.NewSystem(otp.WithClock(clock), otp.WithRecorder(s.rec), otp.WithBoot(1), otp.WithFaults(p.faults))
		s.testTree = p
		for _, c := range children {
			spec.Children = append(spec.Children, s.spec(c))
		}
	})
	synctest.Wait()
	return s
}

// events returns each event that has a cause, as "event <- cause". They are sorted, because the
// order of simultaneous events is not defined.
func (s *traced) events() (out []string) {
	s.Helper()
	synctest.Wait()
	all := s.rec.Snapshot(trace.Filter{})
	name := func(e trace.Event) string {
		n := e.Process + " " + e.Name()
		if e.Kind != trace.Message {
			n = e.Process + " " + e.Kind.String()
		}
		if e.Text != "" && e.Kind.Handled() {
			n += " " + e.Text
		}
		if e.Failed {
			n += " ✖"
		}
		return n
	}
	for _, e := range all {
		if e.Cause == 0 {
			continue
		}
		cause := "unknown"
		if i := slices.IndexFunc(all, func(c trace.Event) bool { return c.ID == e.Cause }); i >= 0 {
			cause = name(all[i])
		}
		out = append(out, name(e)+" <- "+cause)
	}
	slices.Sort(out)
	return out
}

func (s *traced) caused(want ...string) {
	s.Helper()
	if diff := cmp.Diff(want, s.events()); diff != "" {
		s.Error(diff)
	}
}

// do runs a function in a process, in a message from outside.
func (s *traced) do(name string, f func(*otp.Context[msg])) {
	s.Helper()
	s.tell(name, fn{f})
	synctest.Wait()
}

// The message during which a process is abandoned is recorded at once, as failed, and not again
// when its handler returns.
func TestAbandonedMessageIsRecorded(t *testing.T) {
	for name, wake := range map[string]func(*otp.Context[msg]){"returns": func(*otp.Context[msg]) {}, "panics": func(*otp.Context[msg]) { panic("late") }} {
		t.Run("its handler "+name, inTrace(func(s *traced) {
			var killed otp.Report
			s.sys.Subscribe(func(r otp.Report) { killed = r }, otp.Abandoned)
			until := make(chan struct{})
			s.do("a", func(c *otp.Context[msg]) {
				s.must(s.refs["b"].Tell(c, fn{func(c *otp.Context[msg]) { <-until; wake(c) }}), nil)
			})
			time.Sleep(time.Second)
			s.must(s.app.Abandon("b"), nil)
			want := []string{"b abandoned <- b otp_test.fn ✖", "b otp_test.fn ✖ <- a otp_test.fn"}
			s.caused(want...)
			close(until)
			s.caused(want...)
			events := s.rec.Snapshot(trace.Filter{Process: "b", Kinds: []trace.Kind{trace.Message}})
			if len(events) != 1 || events[0].ID != killed.Reason.MessageID || events[0].Took != time.Second || events[0].Epoch != killed.Epoch.String() {
				s.Errorf("%+v, and the report says %v of %v", events, killed.Reason.MessageID, killed.Epoch)
			}
			report := trace.CrashReport{Process: "b", MessageID: killed.Reason.MessageID}
			report.AddEvents(s.rec.Snapshot(trace.Filter{}))
			if got := report.Path(); got != "test → a → b" {
				s.Errorf("the path is %s", got)
			}
		}, otp.ChildSpec{ID: "a"}, otp.ChildSpec{ID: "b", Restart: otp.Temporary}))
	}
	t.Run("the crash is recorded already and Terminate hangs", inTrace(func(s *traced) {
		until := make(chan struct{})
		defer close(until)
		s.must(s.app.StartChild(s.Context(), "top", s.withHooks(otp.ChildSpec{ID: "b", Restart: otp.Temporary}, nil, func(int) { <-until })), nil)
		s.do("a", func(c *otp.Context[msg]) { s.must(s.refs["b"].Tell(c, boom{}), nil) })
		s.must(s.app.Abandon("b"), nil)
		s.caused("b abandoned <- b otp_test.boom ✖", "b crash <- b otp_test.boom ✖", "b otp_test.boom ✖ <- a otp_test.fn")
	}, otp.ChildSpec{ID: "a"}))
}

// Events and reports about an ended incarnation have its epoch.
func TestEpochsOfEndedIncarnations(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(*traced)
		want []string // the epochs of the process's events and of the reports
	}{
		"a crash and the end after it": {func(s *traced) { s.crash("b") }, []string{"crash 1.3", "crashed 1.3", "stop 1.3", "terminated 1.3"}},
		"an orderly end":               {func(s *traced) { s.exit("b", otp.Normal) }, []string{"stop 1.3", "terminated 1.3"}},
		"an Init that fails": {func(s *traced) {
			s.failing["c"] = errInit
			if s.start(otp.ChildSpec{ID: "c"}) == nil {
				s.Error("the start succeeded")
			}
		}, []string{"crash 1.4", "crashed 1.4", "stop 1.4", "terminated 1.4"}},
		"an abandonment between crash and restart": {func(s *traced) {
			s.must(s.app.Suspend("top"), nil)
			s.crash("b")
			s.must(s.app.Abandon("b"), nil)
			s.must(s.app.Resume("top"), nil)
		}, []string{"abandoned 1.3", "abandoned 1.3", "crash 1.3", "crashed 1.3", "terminated 1.3"}},
		"a transit fault between crash and restart": {func(s *traced) {
			_, err := s.faults.Arm(fault.Rule{Point: fault.InTransit, Kind: fault.Drop, Message: "echo"})
			s.must(err, nil)
			s.must(s.app.Suspend("top"), nil)
			s.crash("b")
			s.tell("b", echo{otp.NewFrom(func(string, error) {})})
			synctest.Wait()
			s.must(s.app.Resume("top"), nil)
		}, []string{"crash 1.3", "crashed 1.3", "dead letter ", "dead letter 0.0", "fault 1.3", "stop 1.3", "terminated 1.3"}},
	} {
		t.Run(name, inTrace(func(s *traced) {
			var got []string
			s.sys.Subscribe(func(r otp.Report) { got = append(got, r.Kind.String()+" "+r.Epoch.String()) },
				otp.ChildCrashed, otp.ChildTerminated, otp.Abandoned, otp.DeadLetter)
			c.do(s)
			synctest.Wait()
			for _, e := range s.rec.Snapshot(trace.Filter{Process: "[bc]"}) {
				if !e.Kind.Handled() && e.Kind != trace.Start {
					got = append(got, e.Kind.String()+" "+e.Epoch)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(c.want, got); diff != "" {
				s.Error(diff)
			}
		}, otp.ChildSpec{ID: "a"}, otp.ChildSpec{ID: "b", Restart: otp.Temporary}))
	}
}

// stallingClock advances with each reading. With stall set, the next reader blocks after the
// reading.
type stallingClock struct {
	otp.Clock
	ticks            atomic.Int64
	stall            atomic.Bool
	stalled, proceed chan struct{}
}

func (c *stallingClock) Mono() time.Duration {
	now := time.Duration(c.ticks.Add(1)) * time.Millisecond
	if c.stall.CompareAndSwap(true, false) {
		close(c.stalled)
		<-c.proceed
	}
	return now
}

// A message sent between the receiver's clock reading and its next take is not recorded as handled
// before it was sent.
func TestNoEffectIsRecordedBeforeItsCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := &stallingClock{Clock: otp.SystemClock(), stalled: make(chan struct{}), proceed: make(chan struct{})}
		s := startTraced(t, clock, otp.ChildSpec{ID: "sender"}, otp.ChildSpec{ID: "receiver"})
		s.tell("receiver", fn{func(*otp.Context[msg]) { clock.stall.Store(true) }})
		<-clock.stalled
		s.do("sender", func(c *otp.Context[msg]) { s.must(s.refs["receiver"].Tell(c, note{"effect"}), nil) })
		close(clock.proceed)
		synctest.Wait()
		var got []string
		for _, e := range s.rec.Snapshot(trace.Filter{Kinds: []trace.Kind{trace.Message}}) {
			if e.Cause != 0 || e.Process == "sender" {
				got = append(got, e.Process)
			}
		}
		if diff := cmp.Diff([]string{"sender", "receiver"}, got); diff != "" {
			t.Error(diff)
		}
	})
}
