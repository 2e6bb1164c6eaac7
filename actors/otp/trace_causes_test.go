package otp_test

import (
	"context"
	"testing"
	"time"

	"registrar/actors/otp"
)

// ask makes a process send a request that is held, with a timeout of a second. The answer arrives
// as a note.
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

// The cause of an answer is the message in which it was given. Without a reply it is the message
// in which the request was sent.
func TestCausesOfAnswers(t *testing.T) {
	const held, answer = "b otp_test.hold <- a otp_test.fn", "a completion "
	in := func(name string, test func(*traced)) {
		t.Run(name, inTrace(test, otp.ChildSpec{ID: "a"}, otp.ChildSpec{ID: "b"}))
	}
	in("replied later", func(s *traced) {
		from := s.ask("a", s.refs["b"])
		s.do("b", func(*otp.Context[msg]) { from.Reply("late") })
		s.caused(answer+"late <- b otp_test.fn", held)
	})
	in("by the engine: the holder crashed", func(s *traced) {
		s.ask("a", s.refs["b"])
		s.tell("b", boom{})
		s.caused(answer+"b: crash while handling otp_test.boom: boom <- b otp_test.boom ✖", "b crash <- b otp_test.boom ✖", held, "b restart <- b otp_test.boom ✖")
	})
	in("by the engine: the holder was abandoned between two messages", func(s *traced) {
		s.ask("a", s.refs["b"])
		s.must(s.app.Abandon("b"), nil)
		s.caused(answer+"b: no process <- a otp_test.fn", held)
	})
	in("timeout with an idle holder", func(s *traced) {
		s.ask("a", s.refs["b"])
		time.Sleep(time.Second)
		s.caused(answer+"b: no answer in time <- a otp_test.fn", held)
	})
	in("timeout with a busy holder", func(s *traced) {
		s.ask("a", s.refs["b"])
		until := make(chan struct{})
		s.tell("b", block{until})
		time.Sleep(time.Second)
		close(until)
		s.caused(answer+"b: no answer in time <- a otp_test.fn", held)
	})
	in("no process", func(s *traced) {
		s.ask("a", otp.NewRef[msg](s.sys, "z"))
		s.caused(answer + "z: no process <- a otp_test.fn")
	})
}

// A replacement continues the restart count; its cause is the message during which its predecessor
// ended.
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
	in("after a crash", func(s *traced) {
		s.do("a", func(c *otp.Context[msg]) { s.must(s.refs["b"].Tell(c, boom{}), nil) })
		s.caused("b crash <- b otp_test.boom ✖", "b otp_test.boom ✖ <- a otp_test.fn", "b restart <- b otp_test.boom ✖")
		restarts(s, "b", 1)
	})
	in("after an abandonment", func(s *traced) {
		s.crash("b")
		defer hang(s, func(c *otp.Context[msg], m msg) error { return s.refs["b"].Tell(c, m) })()
		s.must(s.app.Abandon("b"), nil)
		s.caused("b abandoned <- b otp_test.block ✖", "b crash <- b otp_test.boom ✖", "b otp_test.block ✖ <- a otp_test.fn",
			"b restart <- b otp_test.block ✖", "b restart <- b otp_test.boom ✖")
		restarts(s, "b", 2)
		s.must(s.terminate("b"), nil)
		s.must(s.restart("b"), nil)
		restarts(s, "b", 0) // an operator's restart resets the count
	})
	in("after an abandonment of a dynamic child", func(s *traced) {
		var f *otp.DynamicSupervisor[string, msg]
		s.do("a", func(c *otp.Context[msg]) {
			f = otp.NewDynamicSupervisor(c, otp.DynamicSupervisorSpec[string, msg]{
				Intensity: 5, Name: func(k string) string { return k }, New: func(k string) otp.Behaviour[msg] { return &worker{name: k, j: s.j} },
			})
		})
		defer hang(s, func(c *otp.Context[msg], m msg) error { return f.Deliver(c, "child", m) })()
		s.must(s.app.Abandon("child"), nil)
		s.caused("child abandoned <- child otp_test.block ✖", "child otp_test.block ✖ <- a otp_test.fn", "child restart <- child otp_test.block ✖", "child start <- a otp_test.fn")
		restarts(s, "child", 1)
	})
	in("after an exit", func(s *traced) {
		s.exit("a", otp.Normal)
		restarts(s, "a", 1)
		s.exit("b", otp.Normal)
		s.must(s.restart("b"), nil)
		restarts(s, "b", 0)
	})
}

// The cause of a Down message is the message that caused the end.
func TestCausesOfMonitors(t *testing.T) {
	inTrace(func(s *traced) {
		s.do("a", func(c *otp.Context[msg]) {
			otp.Monitor(c, s.refs["b"], func(d otp.Down) msg { return note{"down " + d.Name} })
		})
		s.crash("b")
		s.caused("a otp_test.note down b <- b otp_test.boom ✖", "b crash <- b otp_test.boom ✖", "b restart <- b otp_test.boom ✖")
	}, otp.ChildSpec{ID: "a"}, otp.ChildSpec{ID: "b"})(t)
}

// The cause of a timer, task or enqueued message is the message in which it was started.
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
