package otp

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"registrar/actors/trace"
)

// life is the state of a process.
type life uint8

const (
	starting  life = iota // Init runs
	running               // takes messages
	suspended             // crashed, waits for its parent's verdict
	closing               // told to stop, waits for what depends on it
	closed                // takes no more messages
	gone                  // abandoned: its goroutine, if it still has one, has no more say
)

// proc is one process: a Process of the actor library, with a mailbox of its own and the wrapper around its behaviour. There may be a million
// of them: what few need is in extras. Its mutex guards what other goroutines read and the lanes; body and exiting belong to its own
// goroutine.
type proc struct {
	sys   *System
	known string     // its name; empty if its body makes it when it is asked
	pid   *actor.PID // nil for a child of a family
	body  body

	mu        sync.Mutex
	lanes     [lanes]*envelope // the last of each, linked in a circle
	waiting   [lanes]int32
	handled   uint32 // counts messages
	epoch     Epoch
	inHand    *envelope // written by its own goroutine
	held      *slotCore
	more      *extras
	exiting   *Reason
	restarts  int32
	life      life
	scheduled bool
	paused    bool
	leaving   bool          // a Goexit unwinds its goroutine, and has been taken care of
	steps     uint8         // messages that may be handled though it is paused
	begun     time.Duration // when the incarnation began, on the monotonic clock
}

// extras are what few processes have. The process's mutex guards them.
type extras struct {
	watchers []*watcher
	families []dependants    // appended to by its own goroutine
	ctx      context.Context //nolint:containedctx // it ends with the incarnation; that is what it is for.
	cancel   context.CancelFunc
	crashed  trace.ID // the message of the last crash
	last     Epoch    // the last incarnation that is over
}

// body is the typed half of a process.
type body interface {
	incarnate(*proc, Epoch)  // a new behaviour and context
	init() error             // Behaviour.Init
	handle(msg any)          // Behaviour.Handle
	terminate(reason Reason) // Behaviour.Terminate
	state() any
	size() int
	bind(p *proc)                  // the address leads here
	unbind(p *proc)                // the address leads nowhere, unless it leads elsewhere already
	report(e childEvent)           // tells the parent, from any goroutine
	inherit(left []*envelope) bool // takes over what is left in the mailbox at the end
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
const over = Epoch(1<<64 - 1)

// dependants are processes that end with their owner.
type dependants interface {
	abandonAll() // from any goroutine
	stopAll()    // asynchronous; the owner is told by ops on its control lane
	empty() bool
	size() int
	find(name string) *proc
}

// A labelled body makes its name when it is asked: a million names cost as much as a million small objects.
type labelled interface{ label() trace.Label }

func (p *proc) label() trace.Label {
	if l, ok := p.body.(labelled); ok {
		return l.label()
	}
	return trace.Label{Prefix: p.known}
}

func (p *proc) name() string { return p.label().String() }

// legacy is what a process takes over from the one in whose place it comes: how often it has been started again, and the message over which that one ended.
type legacy struct {
	restarts int32
	cause    trace.ID
}

// leave returns what the next in its place takes over.
func (p *proc) leave(r Reason) legacy {
	p.mu.Lock()
	defer p.mu.Unlock()
	return legacy{restarts: p.restarts + 1, cause: r.MessageID}
}

// spawn makes a process in the library's registry and starts it; its parent hears evStarted or evFailed.
func (s *System) spawn(name string, b body, l legacy) *proc {
	p := &proc{restarts: l.restarts}
	p.pid, _ = s.actors.ProcessRegistry.Add(p, fmt.Sprintf("%s~%d", name, s.ids.Add(1))) // the id is unique
	s.shared.note(p.pid)
	s.begin(p, name, b, l.cause)
	return p
}

// begin starts a process. One that is not in the library's registry is reached through its family alone: an entry there takes more
// memory than the process, and more of the collector's time.
func (s *System) begin(p *proc, name string, b body, cause trace.ID) {
	p.sys, p.known, p.body, p.epoch, p.begun = s, name, b, s.NextEpoch(), s.clock.Mono()
	b.bind(p)
	p.postFor(cause, p.start)
}

// The three methods of the library's Process.

// SendUserMessage queues an envelope of the engine; anything else that reaches a process from the library is refused.
func (p *proc) SendUserMessage(_ *actor.PID, message any) {
	if e, ok := message.(*envelope); ok {
		p.enqueue(e)
		return
	}
	p.sys.deadLetter(p.name(), message, 0)
}

// SendSystemMessage ignores what the library says to actors of its own kind: this engine has its own life cycle and monitors.
func (*proc) SendSystemMessage(*actor.PID, any) {}

// Stop is the library's way to ask for an orderly end.
func (p *proc) Stop(*actor.PID) { p.stopSoon(Shutdown) }

// extra returns the extras, made if need be. The caller has p.mu.
func (p *proc) extra() *extras {
	if p.more == nil {
		p.more = &extras{}
	}
	return p.more
}

// families returns what depends on the process.
func (p *proc) families() []dependants {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.more == nil {
		return nil
	}
	return p.more.families
}

func (p *proc) isGone() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.life == gone
}

func (p *proc) setLife(l life) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life != gone {
		p.life = l
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
	case p.epoch != over:
		return p.epoch
	case p.more != nil:
		return p.more.last
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
	return p.life < closed
}
