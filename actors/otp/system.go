package otp

import (
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/rs/zerolog"

	"registrar/actors/fault"
	"registrar/actors/trace"
)

// System hosts processes: the actor library's system, a clock, a logger, and who hears the reports. There is one to an
// operating-system process; tests make few.
type System struct {
	actors *actor.ActorSystem
	clock  Clock
	log    zerolog.Logger
	disp   actor.Dispatcher
	rec    *trace.Recorder // nil records nothing
	sched  Scheduler       // nil: the library's dispatcher
	faults *fault.Set      // nil: none are injected
	random func() float64
	shared *Library // nil: it has a library of its own

	transit transit

	boot    uint32
	epochs  atomic.Uint64
	ids     atomic.Uint64
	dropped atomic.Uint64 // replies that came second

	mu   sync.Mutex
	subs atomic.Pointer[[]*subscriber] // replaced under mu
}

// Option configures a [System].
type Option func(*System)

// WithLogger sets the logger that processes derive theirs from; the default says nothing.
func WithLogger(l zerolog.Logger) Option { return func(s *System) { s.log = l } }

// WithClock sets the clock; the default is [SystemClock].
func WithClock(c Clock) Option { return func(s *System) { s.clock = c } }

// WithBoot sets the number of the run, which the store counts: epochs of a later run are larger.
func WithBoot(n uint32) Option { return func(s *System) { s.boot = n } }

// WithRecorder has every message and every event in the life of a process recorded; the default records nothing.
func WithRecorder(r *trace.Recorder) Option {
	return func(s *System) {
		if s.rec = r; !r.On() {
			s.rec = nil
		}
	}
}

// WithFaults has the points of the engine look for armed faults; the default injects none.
func WithFaults(f *fault.Set) Option { return func(s *System) { s.faults = f } }

// throughput is how many messages a process handles before it lets others run.
const throughput = 300

// NewSystem makes a system. It owns no goroutine of its own.
func NewSystem(opts ...Option) *System {
	s := &System{clock: SystemClock(), log: zerolog.Nop(), disp: actor.NewDefaultDispatcher(throughput), random: rand.Float64}
	for _, o := range opts {
		o(s)
	}
	if s.actors == nil {
		s.actors = newActors()
	}
	return s
}

func newActors() *actor.ActorSystem {
	return actor.NewActorSystem(
		actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
			return slog.New(slog.DiscardHandler) // what matters is reported by the engine itself
		}),
		// The library starts a goroutine at a dead letter that lives as long as its log is throttled: a second by default,
		// longer than the system itself may live.
		actor.WithDeadLetterThrottleInterval(time.Millisecond),
	)
}

// Clock returns the system's clock.
func (s *System) Clock() Clock { return s.clock }

// Logger returns the logger that processes derive theirs from.
func (s *System) Logger() zerolog.Logger { return s.log }

// NextEpoch returns an epoch larger than all before it.
func (s *System) NextEpoch() Epoch {
	return Epoch(uint64(s.boot)<<epochBits | s.epochs.Add(1))
}

// SecondReplies counts the answers that were dropped because the request had been answered, had crashed or had timed out.
func (s *System) DuplicateReplies() uint64 { return s.dropped.Load() }
