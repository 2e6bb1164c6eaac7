package otp

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/asynkron/protoactor-go/actor"
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

// proc is one process: its mailbox, its actor in the library, and the wrapper around its behaviour. Its mutex guards what other
// goroutines read and the lanes; body and families belong to its own goroutine.
type proc struct {
	sys    *System
	name   string
	pid    *actor.PID
	parent parent
	body   body

	invoker    actor.MessageInvoker
	dispatcher actor.Dispatcher

	mu        sync.Mutex
	lanes     [lanes]fifo
	life      life
	wired     bool
	scheduled bool
	epoch     Epoch
	restarts  int32
	inHand    *envelope
	held      *slotCore
	watchers  []*watcher
	ctx       context.Context //nolint:containedctx // it ends with the incarnation; that is what it is for.
	cancel    context.CancelFunc

	current  *envelope    // in hand, its own goroutine's
	exiting  *Reason      // its own goroutine's
	families []dependants // appended to by its own goroutine
}

// body is the typed half of a process.
type body interface {
	incarnate(p *proc)       // a new behaviour and context for p.epoch
	init() error             // Behaviour.Init
	handle(msg any)          // Behaviour.Handle
	terminate(reason Reason) // Behaviour.Terminate
	state() any
	bind(p *proc)   // the address leads here
	unbind(p *proc) // the address leads nowhere, unless it leads elsewhere already
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

// spawn makes the process and lets the library start it; the parent hears evStarted or evFailed.
func (s *System) spawn(name string, b body, up parent) *proc {
	p := &proc{sys: s, name: name, parent: up, body: b, epoch: s.NextEpoch()}
	p.pid = s.actors.NewLocalPID(fmt.Sprintf("%s~%d", name, s.ids.Add(1)))
	b.bind(p)
	props := actor.PropsFromProducer(func() actor.Actor { return p },
		actor.WithMailbox(func() actor.Mailbox { return p }), actor.WithDispatcher(s.disp))
	if _, err := s.actors.Root.SpawnNamed(props, p.pid.Id); err != nil { // the id is unique: this cannot be
		panic(fmt.Sprintf("otp: spawn %s: %v", name, err))
	}
	return p
}

// Receive is called by the library for its own life-cycle messages and for envelopes.
func (p *proc) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case *actor.Started:
		p.start()
	case *envelope:
		p.handle(m)
	}
}

// start runs Init of the current incarnation.
func (p *proc) start() {
	p.body.incarnate(p)
	var err error
	crash := p.guard("", func() { err = p.body.init() })
	if crash == nil && errors.Is(err, errLater) {
		p.setLife(running) // it says itself when it is ready
		return
	}
	if crash == nil && err != nil {
		crash = &Reason{Kind: ExitCrash, Term: err}
	}
	if p.isGone() {
		return
	}
	if crash != nil {
		p.endIncarnation(*crash)
		p.setLife(suspended)
		p.parent.childEvent(childEvent{p: p, kind: evFailed, reason: *crash})
		return
	}
	p.setLife(running)
	p.parent.childEvent(childEvent{p: p, kind: evStarted})
	if p.exiting != nil {
		p.stop(*p.exiting)
	}
}

// errLater is returned by the Init of a supervisor: it is ready when its children are.
var errLater = errors.New("ready later")

// handle runs one message.
func (p *proc) handle(e *envelope) {
	if p.isGone() {
		return
	}
	if rq, ok := e.msg.(Request); ok {
		if s := rq.slot(); s != nil {
			s.hold(p)
		}
	}
	completed := false
	p.current = e
	defer func() {
		p.current = nil
		if !completed {
			p.crashed(crashReason(recover(), e.msg))
		}
	}()
	p.body.handle(e.msg)
	completed = true
	if p.exiting != nil {
		p.stop(*p.exiting)
	}
}

func crashReason(value, msg any) *Reason {
	if value == nil {
		value = "runtime.Goexit was called"
	}
	return &Reason{Kind: ExitCrash, Term: value, Stack: debug.Stack(), Message: fmt.Sprintf("%T", msg)}
}

// guard runs f and turns a panic or a Goexit into a reason.
func (p *proc) guard(what string, f func()) (crash *Reason) {
	completed := false
	func() {
		defer func() {
			if !completed {
				value := recover()
				if value == nil {
					value = "runtime.Goexit was called"
				}
				crash = &Reason{Kind: ExitCrash, Term: value, Stack: debug.Stack(), Message: what}
			}
		}()
		f()
		completed = true
	}()
	return crash
}

// crashed ends the incarnation and waits for the parent's verdict.
func (p *proc) crashed(r *Reason) {
	if p.isGone() {
		return
	}
	epoch := p.currentEpoch()
	p.endIncarnation(*r)
	p.setLife(suspended)
	p.parent.childEvent(childEvent{p: p, kind: evCrashed, epoch: epoch, reason: *r})
}

// endIncarnation runs Terminate, fails what the incarnation holds and tells its monitors.
func (p *proc) endIncarnation(r Reason) {
	_ = p.guard("Terminate", func() { p.body.terminate(r) }) // it ends all the same
	p.mu.Lock()
	epoch, cancel, families := p.epoch, p.cancel, p.families
	p.families = nil
	p.epoch, p.ctx, p.cancel = over, nil, nil
	p.mu.Unlock()
	for _, f := range families {
		f.abandonAll()
	}
	if cancel != nil {
		cancel()
	}
	if r.Kind == ExitCrash {
		p.failHeld(&CrashError{Process: p.name, Epoch: epoch, Reason: r})
	} else {
		p.failHeld(fmt.Errorf("%s: %w", p.name, ErrNoProcess))
	}
	p.tellWatchers(Down{Name: p.name, Epoch: epoch, Reason: r})
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

// restarted reports whether this is not the first incarnation of the process.
func (p *proc) restarted() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.restarts > 0
}
