package otp_test

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"registrar/actors/otp"
	"registrar/actors/trace"
)

// Each benchmark measures the same work on this engine, on the plain library, and with a goroutine
// and a channel. Compare them within one run.

func plain(tb testing.TB) *actor.ActorSystem {
	tb.Helper()
	return actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
		return slog.New(slog.NewTextHandler(io.Discard, nil))
	}))
}

// sink counts messages down and closes done at zero.
type sink struct {
	left int
	done chan struct{}
}

func (s *sink) one() {
	if s.left--; s.left == 0 {
		close(s.done)
	}
}

type tick struct{}

func (tick) testMessage() {}

type sinkBehaviour struct{ *sink }

func (sinkBehaviour) Init(*otp.Context[msg]) error            { return nil }
func (s sinkBehaviour) Handle(*otp.Context[msg], msg)         { s.one() }
func (sinkBehaviour) Terminate(*otp.Context[msg], otp.Reason) {}

type sinkActor struct{ *sink }

func (s sinkActor) Receive(c actor.Context) {
	if _, ok := c.Message().(tick); ok {
		s.one()
	}
}

// under starts one process for a benchmark.
func under(b *testing.B, sys *otp.System, behaviour func() otp.Behaviour[msg]) *otp.Ref[msg] {
	b.Helper()
	ref := otp.NewRef[msg](sys, "bench")
	app, err := otp.Start(context.Background(), sys, "top", otp.SupSpec{Intensity: 1 << 30, Children: []otp.ChildSpec{{
		ID: "bench", Start: otp.Worker(ref, behaviour),
	}}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = app.Stop(context.Background()) })
	return ref
}

func BenchmarkTell(b *testing.B) {
	b.Run("otp", func(b *testing.B) {
		s := &sink{left: b.N, done: make(chan struct{})}
		ref, from := under(b, otp.NewSystem(), func() otp.Behaviour[msg] { return sinkBehaviour{s} }), otp.External("bench")
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			_ = ref.Tell(from, tick{})
		}
		<-s.done
	})
	b.Run("recorded", func(b *testing.B) {
		s := &sink{left: b.N, done: make(chan struct{})}
		sys := otp.NewSystem(otp.WithRecorder(trace.New(trace.DefaultEvents, time.Now(), 0)))
		ref, from := under(b, sys, func() otp.Behaviour[msg] { return sinkBehaviour{s} }), otp.External("bench")
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			_ = ref.Tell(from, tick{})
		}
		<-s.done
	})
	b.Run("plain", func(b *testing.B) {
		s := &sink{left: b.N, done: make(chan struct{})}
		sys := plain(b)
		pid := sys.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return sinkActor{s} }))
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			sys.Root.Send(pid, tick{})
		}
		<-s.done
	})
	b.Run("channel", func(b *testing.B) {
		s := &sink{left: b.N, done: make(chan struct{})}
		c := make(chan msg, 1024)
		go func() {
			for range c {
				s.one()
			}
		}()
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			c <- tick{}
		}
		<-s.done
		close(c)
	})
}

type echoBehaviour struct{}

func (echoBehaviour) Init(*otp.Context[msg]) error            { return nil }
func (echoBehaviour) Handle(_ *otp.Context[msg], m msg)       { m.(echo).Reply("x") } //nolint:forcetypeassert // no other message is sent.
func (echoBehaviour) Terminate(*otp.Context[msg], otp.Reason) {}

type question struct{ answer chan string }

func BenchmarkAsk(b *testing.B) {
	b.Run("otp", func(b *testing.B) {
		ref, from := under(b, otp.NewSystem(), func() otp.Behaviour[msg] { return echoBehaviour{} }), otp.External("bench")
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			if _, err := otp.Call(ctx, from, ref, asEcho); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("plain", func(b *testing.B) {
		sys := plain(b)
		pid := sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
			if _, ok := c.Message().(tick); ok {
				c.Respond("x")
			}
		}))
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			if _, err := sys.Root.RequestFuture(pid, tick{}, time.Hour).Result(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("channel", func(b *testing.B) {
		c := make(chan question)
		go func() {
			for q := range c {
				q.answer <- "x"
			}
		}()
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			q := question{make(chan string, 1)}
			c <- q
			<-q.answer
		}
		close(c)
	})
}

// panicking panics at each message.
type panicking struct{ up func() }

func (f panicking) Init(*otp.Context[msg]) error          { f.up(); return nil }
func (panicking) Handle(*otp.Context[msg], msg)           { panic("panicking") }
func (panicking) Terminate(*otp.Context[msg], otp.Reason) {}

// BenchmarkCrashRestart measures a crash and its restart, here with stack and report.
func BenchmarkCrashRestart(b *testing.B) {
	b.Run("otp", func(b *testing.B) {
		sys := otp.NewSystem()
		sys.Subscribe(func(otp.Report) {})
		ups := make(chan struct{}, 1)
		ref := under(b, sys, func() otp.Behaviour[msg] { return panicking{func() { ups <- struct{}{} }} })
		<-ups
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			_ = ref.Tell(otp.External("bench"), tick{})
			<-ups
		}
	})
	b.Run("plain", func(b *testing.B) {
		sys := plain(b)
		ups := make(chan struct{}, 1)
		props := actor.PropsFromProducer(func() actor.Actor { return panickingActor{ups} },
			actor.WithGuardian(actor.NewOneForOneStrategy(1<<30, time.Hour, func(any) actor.Directive { return actor.RestartDirective })))
		pid := sys.Root.Spawn(props)
		<-ups
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			sys.Root.Send(pid, tick{})
			<-ups
		}
	})
	b.Run("goroutine", func(b *testing.B) {
		ups := make(chan struct{}, 1)
		boom := make(chan struct{})
		run := func() {
			defer func() { _ = recover() }()
			ups <- struct{}{}
			<-boom
			panic("panicking")
		}
		go func() {
			for range b.N + 1 {
				run()
			}
		}()
		<-ups
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			boom <- struct{}{}
			<-ups
		}
		b.StopTimer()
		close(boom)
	})
}

type panickingActor struct{ ups chan struct{} }

func (f panickingActor) Receive(c actor.Context) {
	switch c.Message().(type) {
	case *actor.Started:
		f.ups <- struct{}{}
	case tick:
		panic("panicking")
	}
}

// idle has 64 bytes of state and no work.
type idle struct{ _ [8]int64 }

func (*idle) Init(*otp.Context[msg]) error            { return nil }
func (*idle) Handle(*otp.Context[msg], msg)           {}
func (*idle) Terminate(*otp.Context[msg], otp.Reason) {}

type idleActor struct{ _ [8]int64 }

func (*idleActor) Receive(actor.Context) {}

func BenchmarkSpawn(b *testing.B) {
	b.Run("otp", func(b *testing.B) {
		f := startIdleTree(b, 0)
		b.ReportAllocs()
		b.ResetTimer()
		f.spawn(b.N)
	})
	b.Run("plain", func(b *testing.B) {
		sys := plain(b)
		b.ReportAllocs()
		b.ResetTimer()
		spawnPlain(b, sys, b.N)
	})
	b.Run("goroutine", func(b *testing.B) {
		var up sync.WaitGroup
		stop := make(chan struct{})
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			up.Add(1)
			go func() { up.Done(); <-stop }()
		}
		up.Wait()
		b.StopTimer()
		close(stop)
	})
}
