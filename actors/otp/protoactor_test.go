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

// libraryFailure is a promise that protoactor-go breaks. Plain demonstrates it there, in its own
// operating-system process, because some cases end the process. Ours is the test of the same
// promise for this package.
type libraryFailure struct {
	plain func(*actor.ActorSystem) error
	ours  func(*testing.T)
}

// promiseTimeout is the time for a promise that takes microseconds when it is kept.
const promiseTimeout = 300 * time.Millisecond

const libraryFailureEnv = "OTP_TEST_LIBRARY_FAILURE"

func libraryFailures() map[string]libraryFailure {
	return map[string]libraryFailure{
		"panic in Stopping":                      {plainStopping, TestPanicInTerminateIsIgnored},
		"panic in Stopped":                       {plainStopped, TestPanicInTerminateIsIgnored},
		"panic in init":                          {plainInit, TestFailedStartIsRolledBack},
		"panic in a child while its parent ends": {plainChild, TestChildThatPanicsWhileItsParentStops},
		"Goexit in a handler":                    {plainGoexit, TestGoexitIsACrash},
		"a handler that never returns":           {plainHang, TestChildThatDoesNotStopIsAbandoned},
		"a name resolved while it is spawned":    {plainName, TestTellWhileItStarts},
		"a reply after the deadline":             {plainLate, TestReplyAfterTheDeadlineIsNotDelivered},
	}
}

func TestPlainLibraryFailures(t *testing.T) {
	t.Run("plain", func(t *testing.T) {
		for name := range libraryFailures() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				c := exec.CommandContext(t.Context(), os.Args[0])
				c.Env = append(os.Environ(), libraryFailureEnv+"="+name)
				out, err := c.CombinedOutput()
				if err == nil {
					t.Fatal("the library keeps this promise now: remove the case")
				}
				line, _, _ := strings.Cut(string(out), "\n")
				t.Logf("%v: %s", err, line)
			})
		}
	})
	for name, h := range libraryFailures() {
		t.Run(name, h.ours)
	}
}

// runLibraryFailure is the main function of the other process. It exits with 0 if the library
// keeps the promise.
func runLibraryFailure(name string) {
	sys := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }))
	if err := libraryFailures()[name].plain(sys); err != nil {
		fmt.Println(err)
		os.Exit(3)
	}
	os.Exit(0)
}

// actorFunc is an actor made of a function.
type actorFunc func(c actor.Context)

func (s actorFunc) Receive(c actor.Context) { s(c) }

func props(s actorFunc) *actor.Props {
	return actor.PropsFromProducer(func() actor.Actor { return s })
}

// ends waits for the end of an actor as a watcher.
func ends(sys *actor.ActorSystem, pid *actor.PID) error {
	ended := make(chan struct{})
	sys.Root.Spawn(props(func(c actor.Context) {
		switch c.Message().(type) {
		case *actor.Started:
			c.Watch(pid)
			c.Stop(pid)
		case *actor.Terminated:
			close(ended)
		}
	}))
	return within(ended, "it was stopped and never ended")
}

func within(done <-chan struct{}, otherwise string) error {
	select {
	case <-done:
		return nil
	case <-time.After(promiseTimeout):
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

// parent spawns an actor with one child.
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
		return errors.New("SpawnNamed succeeded although Started panicked")
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
		var sending sync.WaitGroup // another goroutine resolves the name
		sending.Go(func() { sys.Root.Send(actor.NewPID(sys.Address(), c.Self().GetId()), "hello") })
		sending.Wait()
	}))
	_, err := sys.Root.SpawnNamed(p, "early")
	return err
}

func plainLate(sys *actor.ActorSystem) error {
	var (
		future *actor.Future
		slow   actor.Process
	)
	// Resolve the name like a sender before the deadline; again if the deadline came first.
	for found := false; !found; {
		future = sys.Root.RequestFuture(sys.Root.Spawn(props(func(actor.Context) {})), "question", 10*time.Millisecond)
		slow, found = sys.ProcessRegistry.Get(future.PID())
	}
	if _, err := future.Result(); !errors.Is(err, actor.ErrTimeout) {
		return fmt.Errorf("not late: %w", err)
	}
	slow.SendUserMessage(future.PID(), "late")
	if answer, _ := future.Result(); answer != nil {
		return fmt.Errorf("the late answer replaced the timeout: %v", answer)
	}
	return nil
}

// Tell is safe before a process starts, while it starts and after it has ended.
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
