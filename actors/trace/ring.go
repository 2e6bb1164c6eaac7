package trace

import (
	"runtime"
	"sync/atomic"
)

// ringCount is the number of rings. Processes that run at the same time seldom share one.
const ringCount = 64

// runBits is the binary logarithm of the number of consecutive messages of one incarnation, 32,
// that go to the same ring. The next 32 go to the next ring, so that one busy process can use
// all rings.
const runBits = 5

// ring is a circular buffer of events.
type ring struct {
	slots   []slot
	next    atomic.Uint64
	dropped atomic.Uint64
	_       [64]byte // one cache line for each ring
}

// slot holds one event. The goroutine that sets busy owns the entry while it copies it.
type slot struct {
	busy  atomic.Uint32
	used  bool
	entry Entry
}

// writeAttempts bounds the attempts of a writer to get a slot. A writer must not wait for a
// reader that was preempted.
const writeAttempts = 8

// lock makes the caller the owner of the slot. It reports false after that many attempts; with
// zero attempts it tries until it succeeds.
func (t *slot) lock(attempts int) bool {
	for n := 1; !t.busy.CompareAndSwap(0, 1); n++ {
		if n == attempts {
			return false
		}
		runtime.Gosched()
	}
	return true
}

func (t *slot) unlock() { t.busy.Store(0) }

// write replaces the oldest entry, or counts e as dropped when its slot is in use.
func (s *ring) write(e *Entry, mask uint64) bool {
	t := &s.slots[(s.next.Add(1)-1)&mask]
	if !t.lock(writeAttempts) {
		s.dropped.Add(1)
		return false
	}
	defer t.unlock()
	t.entry, t.used = *e, true
	t.entry.Note.bound()
	return true
}

// each calls f with a copy of every entry, the oldest first.
func (s *ring) each(f func(Entry)) {
	next, size := s.next.Load(), uint64(len(s.slots))
	for n := range size {
		t := &s.slots[(next+n)%size]
		t.lock(0)
		used, e := t.used, t.entry
		t.unlock()
		if used {
			f(e)
		}
	}
}
