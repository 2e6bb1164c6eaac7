package otp_test

import (
	"context"
	"testing"
	"time"

	"registrar/actors/otp"
)

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
		var f *otp.DynamicSupervisor[string, msg]
		s.do("a", func(c *otp.Context[msg]) {
			f = otp.NewDynamicSupervisor(c, otp.DynamicSupervisorSpec[string, msg]{
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
