package otp

import (
	"context"
	"sync"
	"time"

	"registrar/actors/trace"
)

// phase is the phase of a process.
type phase uint8

const (
	starting  phase = iota // in Init
	running                // handles messages
	crashed                // waits for its parent to restart or stop it
	stopping               // waits for its dependants to end
	closed                 // accepts no messages
	abandoned              // accepts no messages; a running handler has no further effect
)

// proc is one process: the mailbox, the phase and the wrapper around a behaviour. It is kept small
// because there may be a million; rare fields are in extras. Its mutex guards the fields that
// other goroutines read and the queues. Body and exiting belong to its own goroutine.
type proc struct {
	sys       *System
	fixedName string // empty if the body makes the name on demand
	pid       *pid   // nil for a dynamic child and under a Scheduler
	body      body

	mu        sync.Mutex
	queues    [queueCount]*envelope // the last envelope of each
	queued    [queueCount]int32
	handled   uint32 // counts messages modulo 2³²
	epoch     Epoch
	current   *envelope // the envelope being handled; written by its own goroutine
	held      *slotCore
	extras    *extras
	exiting   *Reason
	restarts  int32
	phase     phase
	scheduled bool
	paused    bool
	goexit    bool          // a Goexit, already reported, unwinds its goroutine
	steps     uint8         // messages that a suspended process may handle
	startedAt time.Duration // start of the incarnation, on the monotonic clock
}

// extras holds the fields that few processes need. The mutex of the process guards them.
type extras struct {
	watchers     []*watcher
	dependants   []dependantGroup // appended by its own goroutine
	ctx          context.Context  //nolint:containedctx // it lives as long as the incarnation.
	cancel       context.CancelFunc
	crashMessage trace.ID // the message that the last crash was caused by
	lastEpoch    Epoch    // the last incarnation that has ended
}

// noEpoch is the epoch of a process between two incarnations: no message matches it.
const noEpoch = Epoch(1<<64 - 1)

func (p *proc) label() trace.Label {
	if l, ok := p.body.(labeller); ok {
		return l.label()
	}
	return trace.Label{Prefix: p.fixedName}
}

func (p *proc) name() string { return p.label().String() }

// ensureExtras returns the extras and makes them if needed. The caller holds p.mu.
func (p *proc) ensureExtras() *extras {
	if p.extras == nil {
		p.extras = &extras{}
	}
	return p.extras
}

// dependants returns the dynamic supervisors of the process.
func (p *proc) dependants() []dependantGroup {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.extras == nil {
		return nil
	}
	return p.extras.dependants
}

func (p *proc) isAbandoned() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.phase == abandoned
}

func (p *proc) setPhase(to phase) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase != abandoned {
		p.phase = to
	}
}

func (p *proc) currentEpoch() Epoch {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.epoch
}

// lastEpoch returns the current epoch or, between two incarnations, that of the last one if it is
// known. Reports and traces use it.
func (p *proc) lastEpoch() Epoch {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.latest()
}

// latest is lastEpoch for a caller that holds p.mu.
func (p *proc) latest() Epoch {
	switch {
	case p.epoch != noEpoch:
		return p.epoch
	case p.extras != nil:
		return p.extras.lastEpoch
	}
	return 0
}

// restarted reports whether the process has had an earlier incarnation.
func (p *proc) restarted() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.restarts > 0
}

// alive reports whether the process accepts messages, now or after its restart.
func (p *proc) alive() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.phase < closed
}
