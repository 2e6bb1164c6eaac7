package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/credential"
	"registrar/actors/directory"
	"registrar/actors/domain"
	"registrar/actors/registration"
	"registrar/amqpbridge"
	"registrar/amqpbridge/link/loop"
	"registrar/amqpbridge/wire"
	"registrar/supervisor/fault"
	"registrar/supervisor/otp"
	"registrar/supervisor/trace"
)

// World is one simulated registrar with everything around it. It belongs to one goroutine, inside a synctest bubble.
type World struct {
	pcg    *rand.PCG
	rng    *rand.Rand
	seed   uint64
	sched  *scheduler
	clock  *clock
	Store  *Store
	Broker *loop.Broker
	Faults *fault.Set
	// Recorder holds what the processes have said to each other in this run of the registrar.
	Recorder *trace.Recorder
	Steps    int
	// Trace is told of each step; nil is nobody.
	Trace func(step int, process string)

	library *otp.Library
	app     *otp.App
	bridge  *amqpbridge.Bridge
	realms  *otp.Ref[credential.RealmsMessage]
	boot    uint32
	slow    time.Time // until when the disk takes no more writes
	*peer
	*oracle
}

// libraries are not in use: making one takes longer than anything else that a world does.
var libraries = sync.Pool{New: func() any { return otp.NewLibrary() }} //nolint:gochecknoglobals // a cache.

// New makes a world of a seed, with its registrar started.
func New(seed uint64) *World {
	pcg := rand.NewPCG(seed, 0)
	w := &World{
		pcg: pcg, rng: rand.New(pcg), seed: seed, //nolint:gosec // it has to be the same again.
		library: libraries.Get().(*otp.Library), //nolint:forcetypeassert // see there.
		clock:   &clock{origin: time.Now()}, Store: NewStore(), Broker: loop.New(), Faults: &fault.Set{},
	}
	w.oracle = newOracle(w)
	w.Store.Rand = w.rng
	w.Store.Fault = func(at fault.Point) error { return w.Faults.Hit(at, "store/writer", "") }
	w.Store.Committed = w.committed
	w.peer = newPeer(w)
	w.Boot()
	w.connect()
	return w
}

// Boot starts the registrar on the store and the broker that there are, and returns when it consumes.
func (w *World) Boot() {
	w.boot++
	w.clock.step = 0 // whoever restarts it has set the clock
	w.slow = time.Time{}
	w.sched = newScheduler(func(process string) bool { return process == "store/writer" && time.Now().Before(w.slow) })
	w.Store.Wake = w.sched.Schedule
	w.Recorder = trace.New(1<<14, w.clock.Now(), w.clock.Mono())
	run := domain.NewRunClock(w.clock.Now(), w.clock.Mono)
	sys := otp.NewSystem(otp.WithClock(w.clock), otp.WithScheduler(w.sched), otp.WithBoot(w.boot), otp.WithRecorder(w.Recorder), otp.WithFaults(w.Faults),
		otp.WithRandom(w.rng.Float64), otp.WithLibrary(w.library))
	users := directory.NewUsers(sys)
	w.realms = otp.NewRef[credential.RealmsMessage](sys, "realms")
	set := amqpbridge.DefaultSettings()
	set.Canary, set.Notices, set.Crashes = 0, false, 1000
	clocks := amqpbridge.NewClocks(24 * time.Hour)
	w.bridge = amqpbridge.New(amqpbridge.Spec{
		System: sys, Dialer: witness{w.Broker, w.acked}, Settings: set, Sender: wire.Sender{App: "registrar"}, Realms: w.realms, Users: users,
		Registrations: w.Store, Clocks: clocks, Now: run.Now, Started: run.Now(), Log: zerolog.Nop(),
	})
	const many = 1 << 30 // crashes are what it is about: nobody gives up
	env := directory.Env{
		Store: w.Store, Credentials: w.Store, Guests: directory.GuestLimits{Realm: 100, All: 100}, Limits: registration.DefaultLimits(), Now: run.Now,
		Primed: clocks.Learn, Sweep: 20 * time.Second, SweepMost: 10, Idle: 20 * time.Second, Intensity: many, Period: time.Second, CoolDown: time.Second,
	}
	realms := func() otp.Behaviour[credential.RealmsMessage] {
		return credential.NewRealms(credential.Env{Store: w.Store, CacheMost: 100, Intensity: many, Period: time.Second, CoolDown: time.Second})
	}
	sup := func(children []otp.ChildSpec) otp.Starter {
		return otp.Supervisor(otp.SupSpec{Intensity: many, Period: time.Second, Children: children})
	}
	tree := otp.SupSpec{Strategy: otp.RestForOne, Intensity: many, Period: time.Second, Children: []otp.ChildSpec{
		{ID: "realms", Start: otp.Worker(w.realms, realms)}, {ID: "users", Start: sup(users.Children(env))}, {ID: "bridge", Start: sup(w.bridge.Children())},
	}}
	started := make(chan *otp.App, 1)
	go func() {
		app, err := otp.Start(context.Background(), sys, "registrar", tree)
		if err != nil {
			panic(fmt.Sprint("the simulated registrar does not start: ", err)) // a planted fault is not armed at the start
		}
		started <- app
	}()
	w.until(func() bool {
		if w.app = nil; len(started) > 0 {
			w.app = <-started
			return true
		}
		return false
	})
	if !w.until(w.ready) {
		w.fail("it is not ready %v after its start: %v", healed, w.bridge.Status.Reasons())
	}
}

func (w *World) ready() bool { return len(w.bridge.Status.Reasons()) == 0 }

// Kill ends the registrar as kill -9 does: what is not on disk and not at the broker is gone.
func (w *World) Kill() {
	w.note("the registrar is killed")
	w.sched.kill()
	w.clock.forget()
	w.Faults.Disarm(0)
	synctest.Wait() // who was held by a fault has said what it had to say
	w.cut()
	w.Store.lose()
	synctest.Wait()
	w.library.Clear()
}

// Close ends everything.
func (w *World) Close() {
	w.Kill()
	w.Broker.Stop()
	synctest.Wait()
	libraries.Put(w.library)
}

// restless is how many steps are taken for a sign that it never comes to rest.
const restless = 20_000

// step has one process handle one message, and reports whether there was one.
func (w *World) step() bool {
	synctest.Wait()
	process, run := w.sched.next(w.rng)
	if run == nil {
		return false
	}
	if w.Steps++; w.Trace != nil {
		w.Trace(w.Steps, process)
	}
	go run() // it may end its goroutine
	synctest.Wait()
	return true
}

// Settle runs until nobody has anything to do at this moment.
func (w *World) Settle() {
	for range restless {
		if !w.step() {
			return
		}
	}
	w.fail("it does not come to rest")
}

// healed is how long it may take until everything is as it should be, once nothing is done to the registrar any more: a restart that is put off, some
// attempts to connect, the next try of what was refused.
const healed = 8 * time.Second

// until runs, and lets time pass when nobody has anything to do, until a condition holds.
func (w *World) until(ok func() bool) bool {
	start := time.Now()
	for range restless {
		if synctest.Wait(); ok() {
			return true
		}
		if !w.step() {
			if time.Since(start) > healed {
				break
			}
			w.clock.pass(50 * time.Millisecond)
		}
	}
	return false
}
