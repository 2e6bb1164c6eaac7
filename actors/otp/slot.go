package otp

import (
	"sync"

	"registrar/actors/trace"
)

// Request is a message with an embedded [From]: its sender waits for an answer. The engine tracks
// its holder.
type Request interface{ slot() *slotCore }

// Undelivered is a message that is notified if it is not handled, or not known to be handled: its
// process ended with the message queued, or crashed or was abandoned while handling it. The method
// runs on the goroutine that ends the process and must not block. The handler of an abandoned
// process may still answer, before, after or at the same time; only the first answer counts.
type Undelivered interface{ Undelivered(err error) }

// From is embedded in a request and takes exactly one answer. The zero value discards answers.
//
// A request is held by the incarnation that has taken it from its mailbox. If that incarnation
// crashes or ends first, the engine answers with a [CrashError] or [ErrNoProcess]. Telling the
// request to another process hands it over. A queued request has no holder: it survives a restart
// in place and fails with [ErrNoProcess] when the process ends.
type From[T any] struct{ s *slot[T] }

type slot[T any] struct {
	slotCore
	done func(T, error)
}

// slotCore is the part of a slot that is independent of the answer's type: its state and its place
// in the list of its holder. The holder's mutex guards prev, next and linked; s.mu guards the rest
// and is locked first.
type slotCore struct {
	mu         sync.Mutex
	answered   bool
	holder     *proc
	prev, next *slotCore
	linked     bool
	timer      Timer
	typed      interface{ fail(err error) }
	sys        *System
	answeredIn trace.ID // the message that the holder was handling when it answered; else zero
}

// NewFrom makes a From for code outside of any process. Done is called once, on the goroutine that
// answers, and must not block.
func NewFrom[T any](done func(T, error)) From[T] {
	s := &slot[T]{done: done}
	s.typed = s
	return From[T]{s: s}
}

// Reply answers the request. Only the first answer counts; [System.DuplicateReplies] counts the
// others.
func (f From[T]) Reply(v T) { f.answer(v, nil) }

// Fail answers the request with an error.
func (f From[T]) Fail(err error) {
	var zero T
	f.answer(zero, err)
}

func (f From[T]) answer(v T, err error) {
	if f.s != nil && f.s.close() {
		f.s.done(v, err)
	}
}

func (f From[T]) slot() *slotCore {
	if f.s == nil {
		return nil
	}
	return &f.s.slotCore
}

func (s *slot[T]) fail(err error) { From[T]{s: s}.Fail(err) }

// close reports whether the caller may answer; only the first one may.
func (s *slotCore) close() bool {
	s.mu.Lock()
	if s.answered {
		s.mu.Unlock()
		if s.sys != nil {
			s.sys.duplicates.Add(1)
		}
		return false
	}
	s.answered = true
	s.answeredIn = 0
	s.unlink()
	t := s.timer
	s.timer = nil
	s.mu.Unlock()
	if t != nil {
		t.Stop()
	}
	return true
}

// hold makes p the holder. It returns false if p was abandoned after it took the request from its
// mailbox.
func (s *slotCore) hold(p *proc) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answered {
		return true
	}
	s.unlink()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase == abandoned {
		return false
	}
	s.holder = p
	s.linked, s.prev, s.next = true, nil, p.held
	if p.held != nil {
		p.held.prev = s
	}
	p.held = s
	return true
}

// release removes the request from its holder, because it is handed over.
func (s *slotCore) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unlink()
}

// unlink removes the slot from its holder's list. The caller holds s.mu.
func (s *slotCore) unlink() {
	p := s.holder
	if p == nil {
		return
	}
	s.holder = nil
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.current; e != nil {
		s.answeredIn = e.id
	}
	if !s.linked {
		return
	}
	s.linked = false
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		p.held = s.next
	}
	if s.next != nil {
		s.next.prev = s.prev
	}
	s.prev, s.next = nil, nil
}

// failHeld answers every held request with err.
func (p *proc) failHeld(err error) {
	p.mu.Lock()
	var all []*slotCore
	for s := p.held; s != nil; {
		next := s.next
		s.linked, s.prev, s.next = false, nil, nil
		all = append(all, s)
		s = next
	}
	p.held = nil
	p.mu.Unlock()
	for _, s := range all {
		s.typed.fail(err)
	}
}
