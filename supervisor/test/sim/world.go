package sim

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/credential"
	"registrar/actors/directory"
	"registrar/actors/domain"
	"registrar/actors/fault"
	"registrar/actors/otp"
	"registrar/actors/registration"
	"registrar/actors/trace"
	"registrar/amqpbridge"
	"registrar/amqpbridge/link/memory"
	"registrar/amqpbridge/wire"
)

// World is one simulated registrar with its surroundings. It belongs to one goroutine, inside a
// synctest bubble.
type World struct {
	pcg    *rand.PCG
	rng    *rand.Rand
	seed   uint64
	sched  *scheduler
	clock  *clock
	Store  *Store
	Broker *memory.Broker
	Faults *fault.Set
	// Recorder holds the messages between processes in this run of the registrar.
	Recorder *trace.Recorder
	Steps    int
	// Trace is called at each step; nil for none.
	Trace func(step int, process string)

	app           *otp.App
	bridge        *amqpbridge.Bridge
	realms        *otp.Ref[credential.RealmsMessage]
	boot          uint32
	diskSlowUntil time.Time // until then the disk accepts no writes
	opts          Options
	set           amqpbridge.Settings
	users         *directory.Users
	incarnations  incarnationCount
	pastRules     []fault.Rule // rules of earlier runs
	linkFaults    *linkFaults
	workers       workerPool
	// requests records the fate of each request.
	requestLog *requestLog
	*client
	*oracle
}

// Options configure the registrar.
type Options struct {
	// Canary is the time between two canary requests, zero for none. With a Node the registrar
	// takes part in the choice of the leader and has a queue of that name.
	Canary time.Duration
	Node   string
	// Notices makes the registrar publish notifications.
	Notices bool
	// Sync makes the registrar ask others for their registrations at its start.
	Sync bool
	// Intensity is how many crashes of a user or a realm within a second are tolerated; zero for
	// any number. Idle is the time until actors are passivated; zero for 20 s.
	Intensity int
	Idle      time.Duration
}

// New makes the world of a seed and starts its registrar.
func New(seed uint64) *World { return NewWith(seed, Options{}) }

// NewWith makes a world whose registrar has these options.
func NewWith(seed uint64, o Options) *World {
	pcg := rand.NewPCG(seed, 0)
	w := &World{
		pcg: pcg, rng: rand.New(pcg), seed: seed, //nolint:gosec // it must be repeatable
		clock: &clock{origin: time.Now()}, Store: NewStore(), Broker: memory.New(), Faults: &fault.Set{}, opts: o, linkFaults: &linkFaults{}, requestLog: newRequestLog(),
	}
	w.Faults.AfterFunc = func(d time.Duration, f func()) func() {
		t := w.clock.AfterFunc(d, f)
		return func() { t.Stop() }
	}
	w.settings()
	w.oracle = newOracle(w)
	w.Store.Rand = w.rng
	w.Store.Fault = func(at fault.Point) error { return w.Faults.Hit(at, writer, "") }
	w.Store.Committed = w.committed
	w.client = newClient(w)
	w.Boot()
	w.connect()
	return w
}

// recordedEvents is how many events of a run the recorder keeps: far more than the chart of a
// failure shows. Allocating it is a part of the run time of a schedule.
const recordedEvents = 1 << 12

// Boot starts the registrar on the present store and broker, and returns when it consumes.
func (w *World) Boot() {
	w.boot++
	w.clock.step = 0 // an operator has set the clock at the restart
	w.diskSlowUntil = time.Time{}
	w.sched = newScheduler(func(process string) bool { return process == writer && time.Now().Before(w.diskSlowUntil) })
	w.Store.Wake = w.sched.Schedule
	w.Recorder = trace.New(recordedEvents, w.clock.Now(), w.clock.Mono())
	run := domain.NewRunClock(w.clock.Now(), w.clock.Mono)
	sys := otp.NewSystem(otp.WithClock(w.clock), otp.WithScheduler(w.sched), otp.WithBoot(w.boot), otp.WithRecorder(w.Recorder), otp.WithFaults(w.Faults),
		otp.WithRandom(w.rng.Float64))
	w.incarnations = incarnationCount{}
	sys.Subscribe(w.incarnations.observe, otp.ChildStarted, otp.ChildRestarted, otp.ChildTerminated, otp.ChildCrashed, otp.Abandoned)
	w.users = directory.NewUsers(sys)
	w.realms = otp.NewRef[credential.RealmsMessage](sys, "realms")
	clocks := amqpbridge.NewClocks(24 * time.Hour)
	w.bridge = amqpbridge.New(amqpbridge.Spec{
		System: sys, Dialer: recordingDialer{w.Broker, w.acked, w.requestLog.unroutable, w.linkFaults}, Settings: w.set, Sender: wire.Sender{App: "registrar"}, Realms: w.realms, Users: w.users,
		Registrations: w.Store, Clocks: clocks, Now: run.Now, Started: run.Now(), Log: zerolog.Nop(),
	}, amqpbridge.ObserveOutcomes(w.requestLog.countOutcome))
	w.requestLog.setDead(false)
	w.start(sys, w.tree(run, clocks))
}

// settings makes the settings of the bridge.
func (w *World) settings() {
	w.set = amqpbridge.DefaultSettings()
	w.set.Canary, w.set.Node, w.set.Notices = w.opts.Canary, w.opts.Node, w.opts.Notices
	w.set.SyncAtStart, w.set.MaxCrashes = w.opts.Sync, 1000
}

// unlimited is a number of crashes that is never reached: no supervisor gives up.
const unlimited = 1 << 30

// tree declares the registrar's tree without the part that the model of the store replaces.
func (w *World) tree(run *domain.RunClock, clocks *amqpbridge.Clocks) otp.SupSpec {
	intensity := cmp.Or(w.opts.Intensity, unlimited)
	env := directory.Env{
		Store: w.Store, Credentials: w.Store, Unprovisioned: directory.UnprovisionedLimits{PerRealm: 100, Total: 100}, Limits: registration.DefaultLimits(), Now: run.Now,
		Primed: clocks.Learn, Notify: w.bridge.Notify, ExpiryInterval: 20 * time.Second, PruneBatch: 10, PassivateAfter: cmp.Or(w.opts.Idle, 20*time.Second),
		Intensity: intensity, Period: time.Second, CoolDown: time.Second,
	}
	realms := func() otp.Behaviour[credential.RealmsMessage] {
		return credential.NewRealms(credential.Env{Store: w.Store, MaxCache: 100, Intensity: intensity, Period: time.Second, CoolDown: time.Second})
	}
	sup := func(children []otp.ChildSpec) otp.Starter {
		return otp.Supervisor(otp.SupSpec{Intensity: unlimited, Period: time.Second, Children: children})
	}
	return otp.SupSpec{Strategy: otp.RestForOne, Intensity: unlimited, Period: time.Second, Children: []otp.ChildSpec{
		{ID: "realms", Start: otp.Worker(w.realms, realms)}, {ID: "users", Start: sup(w.users.Children(env))}, {ID: "bridge", Start: sup(w.bridge.Children())},
	}}
}

// start starts a tree, and returns when the registrar consumes.
func (w *World) start(sys *otp.System, tree otp.SupSpec) {
	started := make(chan *otp.App, 1)
	go func() {
		app, err := otp.Start(context.Background(), sys, "registrar", tree)
		if err != nil {
			panic(fmt.Sprint("the simulated registrar does not start: ", err)) // no fault is armed at the start
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
		w.fail("it is not ready %v after its start: %v", healWithin, w.bridge.Reasons())
	}
}

func (w *World) ready() bool { return len(w.bridge.Reasons()) == 0 }

// Kill ends the registrar as kill -9 does: only the disk and the broker keep their state.
func (w *World) Kill() {
	w.note("the registrar is killed")
	w.requestLog.kill()
	w.end()
}

// end removes the registrar.
func (w *World) end() {
	w.requestLog.setDead(true)
	w.pastRules = append(w.pastRules, w.Faults.Rules()...)
	w.sched.kill()
	w.clock.forget()
	w.Faults.Disarm(0)
	synctest.Wait() // processes held by a fault have finished
	w.cut()
	w.Store.dropQueue()
	synctest.Wait()
}

// Close ends everything.
func (w *World) Close() {
	w.Kill()
	w.Broker.Stop()
	synctest.Wait()
	w.workers.stop()
}

// maxSteps is the number of steps after which the world counts as never coming to rest.
const maxSteps = 20_000

// step lets one process handle one message, and reports whether there was one.
func (w *World) step() bool {
	synctest.Wait()
	process, run := w.sched.next(w.rng)
	if run == nil {
		return false
	}
	if w.Steps++; w.Trace != nil {
		w.Trace(w.Steps, process)
	}
	w.workers.run(run)
	synctest.Wait()
	return true
}

// Settle runs until no process has work.
func (w *World) Settle() {
	for range maxSteps {
		if !w.step() {
			return
		}
	}
	w.fail("it does not come to rest")
}

// healWithin is how long recovery may take after the last fault: a delayed restart, some attempts
// to connect, the next retry of a refused delivery.
const healWithin = 8 * time.Second

// until runs the registrar, and lets time pass when no process has work, until a condition holds.
func (w *World) until(ok func() bool) bool {
	start := time.Now()
	for range maxSteps {
		if synctest.Wait(); ok() {
			return true
		}
		if !w.step() {
			if time.Since(start) > healWithin {
				break
			}
			w.clock.pass(50 * time.Millisecond)
		}
	}
	return false
}
