package otp

import (
	"context"
	"sync"
	"time"

	"registrar/actors/trace"
)

// life is the state of a process.
type phase uint8

const (
	starting  phase = iota // Init runs
	running                // takes messages
	crashed                // crashed, waits for its parent's verdict
	stopping               // told to stop, waits for what depends on it
	closed                 // takes no more messages
	abandoned              // abandoned: its goroutine, if it still has one, has no more say
)

// proc is one process: a Process of the actor library, with a mailbox of its own and the wrapper around its behaviour. There may be a million
// of them: what few need is in extras. Its mutex guards what other goroutines read and the lanes; body and exiting belong to its own
// goroutine.
type proc struct {
	sys       *System
	fixedName string // its name; empty if its body makes it when it is asked
	pid       *pid   // nil for a child of a family
	body      body

	mu        sync.Mutex
	queues    [queueCount]*envelope // the last of each, linked in a circle
	queued    [queueCount]int32
	handled   uint32 // counts messages
	epoch     Epoch
	current   *envelope // written by its own goroutine
	held      *slotCore
	extras    *extras
	exiting   *Reason
	restarts  int32
	phase     phase
	scheduled bool
	paused    bool
	goexit    bool          // a Goexit unwinds its goroutine, and has been taken care of
	steps     uint8         // messages that may be handled though it is paused
	startedAt time.Duration // when the incarnation began, on the monotonic clock
}

// extras are what few processes have. The process's mutex guards them.
type extras struct {
	watchers     []*watcher
	dependants   []dependantGroup // appended to by its own goroutine
	ctx          context.Context  //nolint:containedctx // it ends with the incarnation; that is what it is for.
	cancel       context.CancelFunc
	crashMessage trace.ID // the message of the last crash
	lastEpoch    Epoch    // the last incarnation that is over
}

// body is the typed half of a process.
type body interface {
	incarnate(*proc, Epoch)  // a new behaviour and context
	init() error             // Behaviour.Init
	handle(msg any)          // Behaviour.Handle
	terminate(reason Reason) // Behaviour.Terminate
	state() any
	size() int
	bind(p *proc)                    // the address leads here
	unbind(p *proc)                  // the address leads nowhere, unless it leads elsewhere already
	report(e childEvent)             // tells the parent, from any goroutine
	takeQueue(left []*envelope) bool // takes over what is left in the mailbox at the end
}

// parent hears what happens to a process, on any goroutine; it must not block.
type parent interface{ childEvent(e childEvent) }

type childEvent struct {
	p      *proc
	kind   eventKind
	epoch  Epoch
	reason Reason
}

type eventKind uint8

const (
	evStarted eventKind = iota // Init has succeeded
	evFailed                   // Init has failed; after a crash the process waits for another verdict
	evCrashed                  // waits for a verdict: restart or stop
	evExited                   // is over
	evIgnored                  // is over before it began
)

// over is the epoch of a process between two incarnations: no message is for it.
const noEpoch = Epoch(1<<64 - 1)

// dependants are processes that end with their owner.
type dependantGroup interface {
	abandonAll() // from any goroutine
	stopAll()    // asynchronous; the owner is told by ops on its control lane
	empty() bool
	size() int
	find(name string) *proc
}

// A labelled body makes its name when it is asked: a million names cost as much as a million small objects.
type labeller interface{ label() trace.Label }

func (p *proc) label() trace.Label {
	if l, ok := p.body.(labeller); ok {
		return l.label()
	}
	return trace.Label{Prefix: p.fixedName}
}

func (p *proc) name() string { return p.label().String() }

// legacy is what a process takes over from the one in whose place it comes: how often it has been started again, and the message over which that one ended.
type predecessor struct {
	restarts int32
	cause    trace.ID
}

// leave returns what the next in its place takes over.
func (p *proc) asPredecessor(r Reason) predecessor {
	p.mu.Lock()
	defer p.mu.Unlock()
	return predecessor{restarts: p.restarts + 1, cause: r.MessageID}
}

// spawn makes a process in the library's registry and starts it; its parent hears evStarted or evFailed.
func (s *System) spawn(name string, b body, l predecessor) *proc {
	p := &proc{restarts: l.restarts}
	if s.library != nil {
		s.library.register(p, name)
	}
	s.begin(p, name, b, l.cause)
	return p
}

// begin starts a process. One that is not in the library's registry is reached through its family alone: an entry there takes more
// memory than the process, and more of the collector's time.
func (s *System) begin(p *proc, name string, b body, cause trace.ID) {
	p.sys, p.fixedName, p.body, p.epoch, p.startedAt = s, name, b, s.nextEpoch(), s.clock.Mono()
	b.bind(p)
	p.postFor(cause, p.start)
}

// extra returns the extras, made if need be. The caller has p.mu.
func (p *proc) ensureExtras() *extras {
	if p.extras == nil {
		p.extras = &extras{}
	}
	return p.extras
}

// families returns what depends on the process.
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

// lastEpoch is the epoch or, between two incarnations, that of the one that is over, as far as it is known: for what is told of the process.
func (p *proc) lastEpoch() Epoch {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.latest()
}

// latest is lastEpoch for a caller that has p.mu.
func (p *proc) latest() Epoch {
	switch {
	case p.epoch != noEpoch:
		return p.epoch
	case p.extras != nil:
		return p.extras.lastEpoch
	}
	return 0
}

// restarted reports whether this is not the first incarnation of the process.
func (p *proc) restarted() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.restarts > 0
}

// alive reports whether the process takes messages, now or after its restart.
func (p *proc) alive() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.phase < closed
}
