package otp

import (
	"registrar/actors/trace"
)

// body is the part of a process that depends on the type of its messages.
type body interface {
	incarnate(*proc, Epoch)  // makes a context for the incarnation
	init() error             // calls Behaviour.Init
	handle(msg any)          // calls Behaviour.Handle
	terminate(reason Reason) // calls Behaviour.Terminate
	state() any
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
