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

// body is the part of a process that depends on the type of its messages.
type body interface {
	incarnate(*proc, Epoch)  // makes a context for the incarnation
	init() error             // calls Behaviour.Init
	handle(msg any)          // calls Behaviour.Handle
	terminate(reason Reason) // calls Behaviour.Terminate
	state() any
	size() int
	bind(p *proc)                    // binds the address to the process
	unbind(p *proc)                  // unbinds the address if it is bound to the process
	report(e childEvent)             // sends an event to the parent; safe from any goroutine
	takeQueue(rest []*envelope) bool // takes over the messages that are left at the end
}

// parent receives the events of a process, on any goroutine. It must not block.
type parent interface{ childEvent(e childEvent) }

type childEvent struct {
	p      *proc
	kind   eventKind
	epoch  Epoch
	reason Reason
}

type eventKind uint8

const (
	evStarted eventKind = iota // Init succeeded
	evFailed                   // Init failed; the process waits to be restarted or stopped
	evCrashed                  // waits to be restarted or stopped
	evExited                   // has ended
	evIgnored                  // has ended because Init returned Ignore
)

// noEpoch is the epoch of a process between two incarnations: no message matches it.
const noEpoch = Epoch(1<<64 - 1)

// dependantGroup is a set of processes that end with their owner.
type dependantGroup interface {
	abandonAll() // safe from any goroutine
	stopAll()    // asynchronous; the end is reported by dependantsEnded
	empty() bool
	size() int
	find(name string) *proc
}

// labeller is a body that makes its name on demand: a million stored names cost as much as a
// million small objects.
type labeller interface{ label() trace.Label }

func (p *proc) label() trace.Label {
	if l, ok := p.body.(labeller); ok {
		return l.label()
	}
	return trace.Label{Prefix: p.fixedName}
}

func (p *proc) name() string { return p.label().String() }

// predecessor is the part of an ended process that its replacement takes over: the restart count
// and the message that caused the end.
type predecessor struct {
	restarts int32
	cause    trace.ID
}

// asPredecessor returns the values for the replacement of the process.
func (p *proc) asPredecessor(r Reason) predecessor {
	p.mu.Lock()
	defer p.mu.Unlock()
	return predecessor{restarts: p.restarts + 1, cause: r.MessageID}
}

// spawn makes and starts a process and registers it with the library. Its parent receives
// evStarted or evFailed.
func (s *System) spawn(name string, b body, l predecessor) *proc {
	p := &proc{restarts: l.restarts}
	if s.library != nil {
		s.library.register(p, name)
	}
	s.begin(p, name, b, l.cause)
	return p
}

// begin starts a process. Dynamic children are not registered with the library, because an entry
// there takes more memory and GC time than the process; they are reached through their dynamic
// supervisor.
func (s *System) begin(p *proc, name string, b body, cause trace.ID) {
	p.sys, p.fixedName, p.body, p.epoch, p.startedAt = s, name, b, s.nextEpoch(), s.clock.Mono()
	b.bind(p)
	p.postFor(cause, p.start)
}

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

func (p *proc) setPhase(l phase) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase != abandoned {
		p.phase = l
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
