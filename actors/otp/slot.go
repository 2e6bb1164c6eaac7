package otp

import (
	"sync"

	"registrar/actors/trace"
)

// Request is a message that embeds a [From]: it waits for an answer. The engine knows who holds it.
type Request interface{ slot() *slotCore }

// Undelivered is a message that wants to know when nobody will handle it, or when nobody knows whether it was handled: its process has ended for good with the
// message queued, or has crashed or been abandoned with it in hand. It is called on the goroutine that ends the process, must not block, and counts only if
// the message has not been answered yet: an abandoned process may go on, and an answer of its own may come first, later, or at the same time.
type Undelivered interface{ Undelivered(err error) }

// From is embedded in a request message: the place for exactly one answer. The zero value discards.
//
// A request belongs to the incarnation that has taken it from its mailbox. When that incarnation crashes or ends before it
// has answered, the engine answers in its stead: with a [CrashError] or [ErrNoProcess]. Telling the request on to another process
// hands it over. While it is queued it belongs to nobody, and stays queued over an in-place restart; when the process ends for good
// what is queued is answered with [ErrNoProcess].
type From[T any] struct{ s *slot[T] }

type slot[T any] struct {
	slotCore
	done func(T, error)
}

// slotCore is the part of a slot that does not depend on the answer's type: its state and its place in the list of its
// holder. The holder's mutex guards prev, next and linked; its own guards the rest. Its own is taken first.
type slotCore struct {
	mu         sync.Mutex
	answered   bool
	holder     *proc
	prev, next *slotCore
	linked     bool
	timer      Timer
	typed      interface{ fail(err error) }
	sys        *System
	answeredIn trace.ID // the message that the holder had in hand when it answered; zero if it did not, or had none
}

// NewFrom makes a place for an answer outside of any process: done is called once, on the goroutine of whoever answers, and must
// not block.
func NewFrom[T any](done func(T, error)) From[T] {
	s := &slot[T]{done: done}
	s.typed = s
	return From[T]{s: s}
}

// Reply answers. The first answer counts; later ones are dropped and counted.
func (f From[T]) Reply(v T) { f.answer(v, nil) }

// Fail answers with an error.
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

// close takes the right to answer; only the first caller gets it.
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

// hold makes p's incarnation the holder, unless p has been abandoned since it took the request from its mailbox: it reports false then.
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

// release takes the request from its holder: it is handed on.
func (s *slotCore) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unlink()
}

// unlink leaves the holder's list. The caller has s.mu.
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

// failHeld answers every request that the incarnation holds.
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
