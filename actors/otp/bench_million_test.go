package otp_test

import (
	"context"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"registrar/actors/otp"
)

// idleTree is a process with idle dynamic children.
type idleTree struct {
	ref       *otp.Ref[msg]
	idleOwner *idleOwner
	app       *otp.App
}

type idleOwner struct {
	dynamic *otp.DynamicSupervisor[int, msg]
	idle    time.Duration
}

func (n *idleOwner) Init(c *otp.Context[msg]) error {
	n.dynamic = otp.NewDynamicSupervisor(c, otp.DynamicSupervisorSpec[int, msg]{
		Name: func(i int) string { return "child/" + strconv.Itoa(i) },
		New:  func(int) otp.Behaviour[msg] { return &idle{} },
	})
	return nil
}

func (n *idleOwner) Handle(c *otp.Context[msg], m msg) {
	if f, ok := m.(fn); ok {
		f.do(c)
	}
}

func (*idleOwner) Terminate(*otp.Context[msg], otp.Reason) {}

func startIdleTree(tb testing.TB, idle time.Duration) *idleTree {
	tb.Helper()
	sys := otp.NewSystem()
	n := &idleTree{ref: otp.NewRef[msg](sys, "idleOwner")}
	app, err := otp.Start(context.Background(), sys, "top", otp.SupSpec{Children: []otp.ChildSpec{{
		ID: "idleOwner", Start: otp.Worker(n.ref, func() otp.Behaviour[msg] { n.idleOwner = &idleOwner{idle: idle}; return n.idleOwner }),
	}}})
	if err != nil {
		tb.Fatal(err)
	}
	n.app = app
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_ = app.Stop(ctx)
	})
	return n
}

// spawn starts n children, each with a first message, and waits until the owner has delivered all.
func (n *idleTree) spawn(children int) {
	var up sync.WaitGroup
	up.Add(1)
	_ = n.ref.Tell(otp.External("bench"), fn{func(c *otp.Context[msg]) {
		for i := range children {
			_ = n.idleOwner.dynamic.Deliver(c, i, note{})
		}
		up.Done()
	}})
	up.Wait()
}

// spawnPlain spawns n named children of one parent, each with a first message.
func spawnPlain(tb testing.TB, sys *actor.ActorSystem, n int) {
	tb.Helper()
	props := actor.PropsFromProducer(func() actor.Actor { return &idleActor{} })
	up := make(chan struct{})
	parent := sys.Root.Spawn(actor.PropsFromFunc(func(c actor.Context) {
		if _, ok := c.Message().(tick); !ok {
			return
		}
		for i := range n {
			pid, err := c.SpawnNamed(props, "child/"+strconv.Itoa(i))
			if err != nil {
				tb.Error(err)
			}
			c.Send(pid, tick{})
		}
		close(up)
	}))
	sys.Root.Send(parent, tick{})
	<-up
}

// BenchmarkMillion measures heap per actor and a full collection with a million idle children.
func BenchmarkMillion(b *testing.B) {
	const million = 1_000_000
	b.Run("otp", func(b *testing.B) {
		for range b.N {
			before := heap()
			n := startIdleTree(b, 0)
			n.spawn(million)
			weigh(b, before, million)
			runtime.KeepAlive(n)
		}
	})
	b.Run("plain", func(b *testing.B) {
		for range b.N {
			before := heap()
			sys := plain(b)
			spawnPlain(b, sys, million)
			weigh(b, before, million)
			runtime.KeepAlive(sys)
		}
	})
	b.Run("goroutine", func(b *testing.B) {
		for range b.N {
			before := heap()
			stop := make(chan struct{})
			for range million {
				go func() {
					var state [8]int64
					<-stop
					runtime.KeepAlive(&state)
				}()
			}
			weigh(b, before, million)
			close(stop)
		}
	})
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

func weigh(b *testing.B, before uint64, n int) {
	b.Helper()
	after := heap()
	const rounds = 5 // full collections, measured by the CPU of the process
	began := cpu(b)
	for range rounds {
		runtime.GC()
	}
	b.ReportMetric(float64((cpu(b)-began).Milliseconds())/rounds, "gc-cpu-ms")
	b.ReportMetric(float64(after-before)/float64(n), "B/actor")
}

func cpu(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
