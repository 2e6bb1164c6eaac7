package otp

import (
	"registrar/actors/trace"
)

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
func (s *System) spawn(name string, b body, before predecessor) *proc {
	p := &proc{restarts: before.restarts}
	if s.library != nil {
		s.library.register(p, name)
	}
	s.begin(p, name, b, before.cause)
	return p
}

// begin starts a process. Dynamic children are not registered with the library, because an entry
// there takes more memory and GC time than the process; they are reached through their dynamic
// supervisor.
func (s *System) begin(p *proc, name string, b body, cause trace.ID) {
	p.sys, p.fixedName, p.body = s, name, b
	p.epoch, p.startedAt = s.nextEpoch(), s.clock.Mono()
	b.bind(p)
	p.postFor(cause, p.start)
}
