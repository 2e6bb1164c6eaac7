package otp_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar/supervisor/otp"
	"registrar/supervisor/trace"
)

func (n note) TraceNote() trace.Note { return trace.Note{Text: n.text} }

// traced is a suite whose processes are recorded.
type traced struct {
	*suite
	rec *trace.Recorder
}

func inTrace(test func(*traced), children ...otp.ChildSpec) func(*testing.T) {
	return func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { test(growTraced(t, otp.SystemClock(), children...)) })
	}
}

func growTraced(t *testing.T, clock otp.Clock, children ...otp.ChildSpec) *traced {
	t.Helper()
	s := &traced{rec: trace.New(trace.DefaultEvents, clock.Now(), clock.Mono()), suite: &suite{T: t, failing: map[string]error{}}}
	s.plant = grow(t, lenient, nil, func(p *plant, spec *otp.SupSpec) {
		p.sys = otp.NewSystem(otp.WithClock(clock), otp.WithRecorder(s.rec), otp.WithBoot(1), otp.WithFaults(p.faults))
		s.plant = p
		for _, c := range children {
			spec.Children = append(spec.Children, s.spec(c))
		}
	})
	synctest.Wait()
	return s
}

// events names each event that has a cause, with its cause, sorted: which of those that happen at the same time is first is not what they are asked for.
func (s *traced) events() (out []string) {
	s.Helper()
	synctest.Wait()
	all := s.rec.Snapshot(trace.Filter{})
	name := func(e trace.Event) string {
		n := e.Process + " " + e.What()
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
		cause := "what is not there"
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

// do has a process do something over a message from outside.
func (s *traced) do(name string, f func(*otp.Context[msg])) {
	s.Helper()
	s.tell(name, fn{f})
	synctest.Wait()
}

// The message over which a process that hangs is killed is recorded at once, as the one it has failed over, and not again when its handler returns.
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
				t.Errorf("%+v, and the report says %v of %v", events, killed.Reason.MessageID, killed.Epoch)
			}
			story := trace.CrashStory{Process: "b", MessageID: killed.Reason.MessageID}
			story.Tell(s.rec.Snapshot(trace.Filter{}))
			if got := story.Way(); got != "test → a → b" {
				t.Errorf("the way is %s", got)
			}
		}, otp.ChildSpec{ID: "a"}, otp.ChildSpec{ID: "b", Restart: otp.Temporary}))
	}
	t.Run("it has crashed over it already, and hangs in its end", inTrace(func(s *traced) {
		until := make(chan struct{})
		defer close(until)
		s.must(s.app.StartChild(s.Context(), "top", s.stage(otp.ChildSpec{ID: "b", Restart: otp.Temporary}, nil, func(int) { <-until })), nil)
		s.do("a", func(c *otp.Context[msg]) { s.must(s.refs["b"].Tell(c, boom{}), nil) })
		s.must(s.app.Abandon("b"), nil)
		s.caused("b abandoned <- b otp_test.boom ✖", "b crash <- b otp_test.boom ✖", "b otp_test.boom ✖ <- a otp_test.fn")
	}, otp.ChildSpec{ID: "a"}))
}

// ask has a process ask for something that is held, with a second's patience; the answer comes to it as a note.
func (s *traced) ask(name string, to *otp.Ref[msg]) (held otp.From[string]) {
	s.Helper()
	s.do(name, func(c *otp.Context[msg]) {
		otp.Ask(c, to, time.Second, func(f otp.From[string]) msg { held = f; return hold{f} }, func(v string, err error) msg {
			if err != nil {
				v = err.Error()
			}
			return note{v}
		})
	})
	return held
}

// An answer comes of the message in which it was given, whoever gave it; what nobody gave comes of the message in which it was asked for.
func TestCausesOfAnswers(t *testing.T) {
	const held, answer = "b otp_test.hold <- a otp_test.fn", "a completion "
	in := func(name string, test func(*traced)) {
		t.Run(name, inTrace(test, otp.ChildSpec{ID: "a"}, otp.ChildSpec{ID: "b"}))
	}
	in("given later", func(s *traced) {
		from := s.ask("a", s.refs["b"])
		s.do("b", func(*otp.Context[msg]) { from.Reply("late") })
		s.caused(answer+"late <- b otp_test.fn", held)
	})
	in("by the engine: it has crashed", func(s *traced) {
		s.ask("a", s.refs["b"])
		s.tell("b", boom{})
		s.caused(answer+"b: crash while handling otp_test.boom: boom <- b otp_test.boom ✖", "b crash <- b otp_test.boom ✖", held, "b restart <- b otp_test.boom ✖")
	})
	in("by the engine: it was killed between two messages", func(s *traced) {
		s.ask("a", s.refs["b"])
		s.must(s.app.Abandon("b"), nil)
		s.caused(answer+"b: no process <- a otp_test.fn", held)
	})
	in("by nobody: the holder is idle", func(s *traced) {
		s.ask("a", s.refs["b"])
		time.Sleep(time.Second)
		s.caused(answer+"b: no answer in time <- a otp_test.fn", held)
	})
	in("by nobody: the holder is at something else", func(s *traced) {
		s.ask("a", s.refs["b"])
		until := make(chan struct{})
		s.tell("b", block{until})
		time.Sleep(time.Second)
		close(until)
		s.caused(answer+"b: no answer in time <- a otp_test.fn", held)
	})
	in("by nobody: nobody is there", func(s *traced) {
		s.ask("a", otp.NewRef[msg](s.sys, "z"))
		s.caused(answer + "z: no process <- a otp_test.fn")
	})
}

// What comes in the place of a process that has ended goes on with its count of restarts, and comes of the message over which that one ended.
func TestCausesOfRestarts(t *testing.T) {
	hang := func(s *traced, to func(*otp.Context[msg], msg) error) func() {
		until := make(chan struct{})
		s.do("a", func(c *otp.Context[msg]) { s.must(to(c, block{until}), nil) })
		return func() { close(until) }
	}
	restarts := func(s *traced, name string, want int) {
		s.Helper()
		if info, err := s.app.Inspect(s.Context(), name); err != nil || info.Restarts != want {
			s.Errorf("%s: %d restarts, %v, want %d", name, info.Restarts, err, want)
		}
	}
	in := func(name string, test func(*traced)) {
		t.Run(name, inTrace(test, otp.ChildSpec{ID: "a"}, otp.ChildSpec{ID: "b", Restart: otp.Transient}))
	}
	in("it has crashed", func(s *traced) {
		s.do("a", func(c *otp.Context[msg]) { s.must(s.refs["b"].Tell(c, boom{}), nil) })
		s.caused("b crash <- b otp_test.boom ✖", "b otp_test.boom ✖ <- a otp_test.fn", "b restart <- b otp_test.boom ✖")
		restarts(s, "b", 1)
	})
	in("it was killed", func(s *traced) {
		s.crash("b")
		defer hang(s, func(c *otp.Context[msg], m msg) error { return s.refs["b"].Tell(c, m) })()
		s.must(s.app.Abandon("b"), nil)
		s.caused("b abandoned <- b otp_test.block ✖", "b crash <- b otp_test.boom ✖", "b otp_test.block ✖ <- a otp_test.fn",
			"b restart <- b otp_test.block ✖", "b restart <- b otp_test.boom ✖")
		restarts(s, "b", 2)
		s.must(s.terminate("b"), nil)
		s.must(s.restart("b"), nil)
		restarts(s, "b", 0) // it was an operator's wish
	})
	in("it was killed, in a family", func(s *traced) {
		var f *otp.Family[string, msg]
		s.do("a", func(c *otp.Context[msg]) {
			f = otp.NewFamily(c, otp.FamilySpec[string, msg]{
				Intensity: 5, Name: func(k string) string { return k }, New: func(k string) otp.Behaviour[msg] { return &worker{name: k, j: s.j} },
			})
		})
		defer hang(s, func(c *otp.Context[msg], m msg) error { return f.Deliver(c, "kid", m) })()
		s.must(s.app.Abandon("kid"), nil)
		s.caused("kid abandoned <- kid otp_test.block ✖", "kid otp_test.block ✖ <- a otp_test.fn", "kid restart <- kid otp_test.block ✖", "kid start <- a otp_test.fn")
		restarts(s, "kid", 1)
	})
	in("it has ended by itself", func(s *traced) {
		s.exit("a", otp.Normal)
		restarts(s, "a", 1)
		s.exit("b", otp.Normal)
		s.must(s.restart("b"), nil)
		restarts(s, "b", 0)
	})
}

// The news of an end comes of the message over which it came.
func TestCausesOfMonitors(t *testing.T) {
	inTrace(func(s *traced) {
		s.do("a", func(c *otp.Context[msg]) {
			otp.Monitor(c, s.refs["b"], func(d otp.Down) msg { return note{"down " + d.Name} })
		})
		s.crash("b")
		s.caused("a otp_test.note down b <- b otp_test.boom ✖", "b crash <- b otp_test.boom ✖", "b restart <- b otp_test.boom ✖")
	}, otp.ChildSpec{ID: "a"}, otp.ChildSpec{ID: "b"})(t)
}

// What a process has put off comes of the message in which it did so.
func TestCausesOfTimersAndTasks(t *testing.T) {
	inTrace(func(s *traced) {
		s.do("a", func(c *otp.Context[msg]) {
			c.After(time.Second, note{"late"})
			c.Enqueue(note{"next"})
			otp.Task(c, func(context.Context) (string, error) { return "done", nil }, func(v string, _ error) msg { return note{v} })
		})
		s.tell("a", note{"between"}) // from outside
		time.Sleep(time.Second)
		s.caused("a completion done <- a otp_test.fn", "a otp_test.note next <- a otp_test.fn", "a timer late <- a otp_test.fn")
	}, otp.ChildSpec{ID: "a"})(t)
}

// stallingClock ticks with each reading. When it is told to, its next reader loses its processor with the reading in hand.
type stallingClock struct {
	otp.Clock
	ticks         atomic.Int64
	stall         atomic.Bool
	stalled, goOn chan struct{}
}

func (c *stallingClock) Mono() time.Duration {
	now := time.Duration(c.ticks.Add(1)) * time.Millisecond
	if c.stall.CompareAndSwap(true, false) {
		close(c.stalled)
		<-c.goOn
	}
	return now
}

// A message that is sent while its receiver stands between reading the clock and taking the next message is not handled before it was sent.
func TestNoEffectBeforeItsCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := &stallingClock{Clock: otp.SystemClock(), stalled: make(chan struct{}), goOn: make(chan struct{})}
		s := growTraced(t, clock, otp.ChildSpec{ID: "sender"}, otp.ChildSpec{ID: "receiver"})
		s.tell("receiver", fn{func(*otp.Context[msg]) { clock.stall.Store(true) }})
		<-clock.stalled
		s.do("sender", func(c *otp.Context[msg]) { s.must(s.refs["receiver"].Tell(c, note{"effect"}), nil) })
		close(clock.goOn)
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
