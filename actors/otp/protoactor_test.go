package otp_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"registrar/actors/otp"
)

// A hazard is something the library alone gets wrong: plain shows it there (in a process of its own, because some of them end the process), ours
// is the test of the same promise here.
type hazard struct {
	plain func(*actor.ActorSystem) error
	ours  func(*testing.T)
}

// patience is how long the library has to keep a promise that takes microseconds.
const patience = 300 * time.Millisecond

const hazardEnv = "OTP_TEST_HAZARD"

func hazards() map[string]hazard {
	return map[string]hazard{
		"panic in Stopping":                      {plainStopping, TestPanicInTerminateEndsAllTheSame},
		"panic in Stopped":                       {plainStopped, TestPanicInTerminateEndsAllTheSame},
		"panic in init":                          {plainInit, TestFailedStartIsRolledBack},
		"panic in a child while its parent ends": {plainChild, TestChildThatPanicsWhileItsParentStops},
		"Goexit in a handler":                    {plainGoexit, TestGoexitIsACrash},
		"a handler that never returns":           {plainHang, TestChildThatDoesNotStopIsAbandoned},
		"a name resolved while it is spawned":    {plainName, TestTellWhileItStarts},
		"a reply after the deadline":             {plainLate, TestReplyAfterTheDeadlineIsNotDelivered},
	}
}

func TestWhatBreaksInThePlainLibrary(t *testing.T) {
	t.Run("plain", func(t *testing.T) {
		for name := range hazards() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				c := exec.CommandContext(t.Context(), os.Args[0])
				c.Env = append(os.Environ(), hazardEnv+"="+name)
				out, err := c.CombinedOutput()
				if err == nil {
					t.Fatal("the library keeps this promise by itself now")
				}
				line, _, _ := strings.Cut(string(out), "\n")
				t.Logf("%v: %s", err, line)
			})
		}
	})
	for name, h := range hazards() {
		t.Run(name, h.ours)
	}
}

// playHazard is the other process: it ends with 0 if the library keeps the promise.
func playHazard(name string) {
	sys := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }))
	if err := hazards()[name].plain(sys); err != nil {
		fmt.Println(err)
		os.Exit(3)
	}
	os.Exit(0)
}

// scene is an actor that does what a test says for a message.
type scene func(c actor.Context)

func (s scene) Receive(c actor.Context) { s(c) }

func props(s scene) *actor.Props {
	return actor.PropsFromProducer(func() actor.Actor { return s })
}

// ends waits for the end of a process, as whoever watches it would.
func ends(sys *actor.ActorSystem, pid *actor.PID) error {
	gone := make(chan struct{})
	sys.Root.Spawn(props(func(c actor.Context) {
		switch c.Message().(type) {
		case *actor.Started:
			c.Watch(pid)
			c.Stop(pid)
		case *actor.Terminated:
			close(gone)
		}
	}))
	return within(gone, "it was stopped and never ended")
}

func within(done <-chan struct{}, otherwise string) error {
	select {
	case <-done:
		return nil
	case <-time.After(patience):
		return errors.New(otherwise)
	}
}

func plainStopping(sys *actor.ActorSystem) error {
	return ends(sys, sys.Root.Spawn(props(func(c actor.Context) {
		if _, ok := c.Message().(*actor.Stopping); ok {
			panic("stopping")
		}
	})))
}

func plainStopped(sys *actor.ActorSystem) error {
	child := props(func(c actor.Context) {
		if _, ok := c.Message().(*actor.Stopped); ok {
			panic("stopped")
		}
	})
	return ends(sys, parent(sys, child))
}

func plainChild(sys *actor.ActorSystem) error {
	child := props(func(c actor.Context) {
		if _, ok := c.Message().(*actor.Stopping); ok {
			panic("a child stops")
		}
	})
	return ends(sys, parent(sys, child))
}

// parent is a process with one child.
func parent(sys *actor.ActorSystem, child *actor.Props) *actor.PID {
	up := make(chan struct{})
	pid := sys.Root.Spawn(props(func(c actor.Context) {
		if _, ok := c.Message().(*actor.Started); ok {
			c.Spawn(child)
			close(up)
		}
	}))
	<-up
	return pid
}

func plainInit(sys *actor.ActorSystem) error {
	_, err := sys.Root.SpawnNamed(props(func(c actor.Context) {
		if _, ok := c.Message().(*actor.Started); ok {
			panic("init")
		}
	}), "init")
	if err == nil {
		return errors.New("the start of a process that cannot start is a success")
	}
	return nil
}

func plainGoexit(sys *actor.ActorSystem) error {
	answered := make(chan struct{})
	pid := sys.Root.Spawn(props(func(c actor.Context) {
		switch c.Message() {
		case "exit":
			runtime.Goexit()
		case "answer":
			close(answered)
		}
	}))
	sys.Root.Send(pid, "exit")
	sys.Root.Send(pid, "answer")
	return within(answered, "it never handles a message again")
}

func plainHang(sys *actor.ActorSystem) error {
	hanging := make(chan struct{})
	pid := sys.Root.Spawn(props(func(c actor.Context) {
		if c.Message() == "hang" {
			close(hanging)
			select {}
		}
	}))
	sys.Root.Send(pid, "hang")
	<-hanging
	return ends(sys, pid)
}

func plainName(sys *actor.ActorSystem) error {
	p := props(func(actor.Context) {}).Configure(actor.WithOnInit(func(c actor.Context) {
		var told sync.WaitGroup // somebody else has found the name
		told.Go(func() { sys.Root.Send(actor.NewPID(sys.Address(), c.Self().GetId()), "hello") })
		told.Wait()
	}))
	_, err := sys.Root.SpawnNamed(p, "early")
	return err
}

func plainLate(sys *actor.ActorSystem) error {
	future := sys.Root.RequestFuture(sys.Root.Spawn(props(func(actor.Context) {})), "question", 10*time.Millisecond)
	slow, _ := sys.ProcessRegistry.Get(future.PID()) // a sender that has just looked the asker up
	if _, err := future.Result(); !errors.Is(err, actor.ErrTimeout) {
		return fmt.Errorf("not late: %w", err)
	}
	slow.SendUserMessage(future.PID(), "late")
	if answer, _ := future.Result(); answer != nil {
		return fmt.Errorf("asked again, the asker has an answer: %v", answer)
	}
	return nil
}

// An address may be told something before its process has been started, while it starts and after it has ended.
func TestTellWhileItStarts(t *testing.T) {
	for range 50 {
		sys := otp.NewSystem()
		ref := otp.NewRef[msg](sys, "early")
		stop := make(chan struct{})
		var tellers sync.WaitGroup
		for range 2 {
			tellers.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						if err := ref.Tell(otp.External("test"), note{"x"}); err != nil && !errors.Is(err, otp.ErrNoProcess) {
							t.Error(err)
						}
						runtime.Gosched()
					}
				}
			})
		}
		app, err := otp.Start(t.Context(), sys, "top", otp.SupSpec{Children: []otp.ChildSpec{{
			ID: "early", Start: otp.Worker(ref, func() otp.Behaviour[msg] { return &worker{name: "early", j: newJournal()} }),
		}}})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ask(t, ref, asEcho); err != nil || got != "early" {
			t.Errorf("answered %q, %v", got, err)
		}
		if err := app.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		close(stop)
		tellers.Wait()
	}
}
