package otp

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"

	"registrar/actors/fault"
	"registrar/actors/trace"
)

// System hosts processes: the actor library's system, a clock, a logger, and who hears the reports. There is one to an
// operating-system process; tests make few.
type System struct {
	clock     Clock
	log       zerolog.Logger
	rec       *trace.Recorder // nil records nothing
	scheduler Scheduler       // nil: the library's dispatcher
	library   *library        // nil under a Scheduler
	faults    *fault.Set      // nil: none are injected
	random    func() float64

	transit transit

	boot       uint32
	epochs     atomic.Uint64
	duplicates atomic.Uint64 // replies that came second

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

// NewSystem makes a system. It owns no goroutine of its own.
func NewSystem(opts ...Option) *System {
	s := &System{clock: SystemClock(), log: zerolog.Nop(), random: rand.Float64}
	for _, o := range opts {
		o(s)
	}
	if s.scheduler == nil {
		s.library = newLibrary()
	}
	return s
}

// nextEpoch returns an epoch larger than all before it.
func (s *System) nextEpoch() Epoch {
	return Epoch(uint64(s.boot)<<epochBits | s.epochs.Add(1))
}

// SecondReplies counts the answers that were dropped because the request had been answered, had crashed or had timed out.
func (s *System) DuplicateReplies() uint64 { return s.duplicates.Load() }
