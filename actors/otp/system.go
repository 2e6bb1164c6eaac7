package otp

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"

	"registrar/actors/fault"
	"registrar/actors/trace"
)

// System hosts processes. It holds the clock, the logger, the report subscribers and
// protoactor-go's system. A program needs one; making one takes milliseconds, so tests make few.
type System struct {
	clock     Clock
	log       zerolog.Logger
	rec       *trace.Recorder // nil: nothing is recorded
	scheduler Scheduler       // nil: the library's dispatcher
	library   *library        // nil under a Scheduler
	faults    *fault.Set      // nil: no faults
	random    func() float64

	transit transit

	boot       uint32
	epochs     atomic.Uint64
	duplicates atomic.Uint64 // counts DuplicateReplies

	mu   sync.Mutex
	subs atomic.Pointer[[]*subscriber] // replaced under mu
}

// Option configures a [System].
type Option func(*System)

// WithLogger sets the logger of the processes; the default discards.
func WithLogger(l zerolog.Logger) Option { return func(s *System) { s.log = l } }

// WithClock sets the clock; the default is [SystemClock].
func WithClock(c Clock) Option { return func(s *System) { s.clock = c } }

// WithBoot sets the boot number, which the store counts. Epochs of a later boot are larger.
func WithBoot(n uint32) Option { return func(s *System) { s.boot = n } }

// WithRecorder records every message and every event in the life of a process; the default records
// nothing.
func WithRecorder(r *trace.Recorder) Option {
	return func(s *System) {
		if s.rec = r; !r.On() {
			s.rec = nil
		}
	}
}

// WithFaults sets the faults of the engine's fault points; the default has none.
func WithFaults(f *fault.Set) Option { return func(s *System) { s.faults = f } }

// NewSystem makes a system. It starts no goroutine.
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

// nextEpoch returns an epoch larger than all earlier ones.
func (s *System) nextEpoch() Epoch {
	return Epoch(uint64(s.boot)<<epochBits | s.epochs.Add(1))
}

// DuplicateReplies counts the answers that were dropped because the request had been answered, its
// holder had crashed or it had timed out.
func (s *System) DuplicateReplies() uint64 { return s.duplicates.Load() }
