package fault

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// ErrUnavailable is the error of arming a fault in a nil [Set].
var ErrUnavailable = errors.New("faults are not available: the set is nil")

// Set holds the faults of one system. It is safe for use by many goroutines. A nil Set has no
// faults and accepts none.
type Set struct {
	// AfterFunc schedules the end of a delay and returns a function that cancels it. Nil means
	// time.AfterFunc. It must be set before the first fault is armed.
	AfterFunc func(d time.Duration, f func()) (stop func())

	armed atomic.Int64 // rules with hits left
	mu    sync.Mutex   // guards rules and last
	rules []*Rule
	last  uint64 // the last ID
}

// Armed reports whether any fault can still hit.
func (s *Set) Armed() bool { return s != nil && s.armed.Load() > 0 }

// Arm arms a fault and returns its ID.
func (s *Set) Arm(r Rule) (uint64, error) {
	if s == nil {
		return 0, ErrUnavailable
	}
	if err := r.Check(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	r.ID, r.Times, r.Hits = s.last, max(r.Times, 1), 0
	r.end, r.after = make(chan struct{}), s.AfterFunc
	s.rules = append(s.rules, &r)
	s.armed.Add(1)
	return r.ID, nil
}

// Disarm removes the fault with this ID, or all faults for ID 0, ends their delays and hangs, and
// returns the number of removed faults.
func (s *Set) Disarm(id uint64) (n int) {
	if s == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = slices.DeleteFunc(s.rules, func(r *Rule) bool {
		if id != 0 && r.ID != id {
			return false
		}
		if r.Hits < r.Times {
			s.armed.Add(-1)
		}
		close(r.end)
		n++
		return true
	})
	return n
}

// Rules returns the faults that are not disarmed, with their hits.
func (s *Set) Rules() []Rule {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Rule, 0, len(s.rules))
	for _, r := range s.rules {
		all = append(all, *r)
	}
	return all
}

// Hit injects the armed fault that matches, if any. It returns nil without a match and after a
// delay or a hang.
func (s *Set) Hit(at Point, process, message string) error {
	r, ok := s.Take(at, process, message)
	if !ok {
		return nil
	}
	return r.Inject(process)
}

// Take returns the armed fault that matches and counts the hit. The caller injects it with
// [Rule.Inject]; in between it can record or log the fault.
func (s *Set) Take(at Point, process, message string) (Rule, bool) {
	if !s.Armed() {
		return Rule{}, false
	}
	return s.take(at, process, message, nil)
}

// Transit returns the fault of a message on its way to a process, or the zero Rule. Asks means
// that the sender waits for a reply; without it, only a delay is possible.
func (s *Set) Transit(process, message string, asks bool) Rule {
	if !s.Armed() {
		return Rule{}
	}
	r, _ := s.take(InTransit, process, message, func(k Kind) bool { return asks || k == Delay })
	return r
}

// take finds the first rule that matches. A nil possible allows every kind.
func (s *Set) take(at Point, process, message string, possible func(Kind) bool) (Rule, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rules {
		if r.Hits == r.Times || !r.matches(at, process, message) || possible != nil && !possible(r.Kind) {
			continue
		}
		if r.Skip > 0 {
			r.Skip--
			continue
		}
		if r.Hits++; r.Hits == r.Times {
			s.armed.Add(-1)
		}
		return *r, true
	}
	return Rule{}, false
}
