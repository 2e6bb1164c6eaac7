package fault

import (
	"errors"
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// ErrInjected is what an injected error, or the value of an injected panic, is; ErrTorn says besides that what was to be written has to be.
var (
	ErrInjected = errors.New("injected fault")
	ErrTorn     = fmt.Errorf("%w: torn write", ErrInjected)
)

// Rule is one armed fault.
type Rule struct {
	// ID is given by [Set.Arm].
	ID    uint64 `json:"id"`
	Point Point  `json:"point"`
	Kind  Kind   `json:"kind"`
	// Process is the name of a process or a pattern of it (path.Match), Message the type of the message in hand, with or without its package; empty is any.
	Process string `json:"process,omitempty"`
	Message string `json:"message,omitempty"`
	// Skip is how many times it lets pass first, Times how often it hits then; zero is once.
	Skip  int `json:"skip,omitempty"`
	Times int `json:"times,omitempty"`
	// For is how long a delay takes; zero is 100 ms. A hang ends when its rule is disarmed.
	For time.Duration `json:"for,omitempty"`
	// Hits counts how often it has hit.
	Hits  int `json:"hits"`
	end   chan struct{}
	after func(time.Duration, func()) func() // see [Set]
}

// Check says what is wrong with a rule.
func (r *Rule) Check() error {
	if !slices.Contains(Points(), r.Point) {
		return fmt.Errorf("%q is no point: %v", r.Point, Points())
	}
	if kinds := Kinds(r.Point); !slices.Contains(kinds, r.Kind) {
		return fmt.Errorf("%q is nothing that can happen at %s: %v", r.Kind, r.Point, kinds)
	}
	if r.Skip < 0 || r.Times < 0 || r.For < 0 {
		return fmt.Errorf("skip %d, times %d, for %v: none of them can be negative", r.Skip, r.Times, r.For)
	}
	if _, err := path.Match(r.Process, ""); err != nil {
		return fmt.Errorf("the pattern of a process's name %q: %w", r.Process, err)
	}
	return nil
}

func (r *Rule) matches(at Point, process, message string) bool {
	if r.Point != at || r.Message != "" && r.Message != message && !strings.HasSuffix(message, "."+r.Message) {
		return false
	}
	ok, _ := path.Match(r.Process, process) // see Check
	return ok || r.Process == "" || r.Process == process
}

// ErrNone is the error of arming a fault in a nil [Set].
var ErrUnavailable = errors.New("no faults can be armed here")

// Set holds the armed faults of one system. It is safe for use by many goroutines; a nil one has none and takes none.
type Set struct {
	// AfterFunc is how the end of a delay is set, and how to take that back; nil is the system's clock. It is set before anything is armed.
	AfterFunc func(d time.Duration, f func()) (stop func())

	armed atomic.Int64
	mu    sync.Mutex
	rules []*Rule
	last  uint64
}

// Armed reports whether any fault is armed.
func (s *Set) Armed() bool { return s != nil && s.armed.Load() > 0 }

// Arm arms a fault and returns its id.
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
	r.ID, r.Times, r.Hits, r.end, r.after = s.last, max(r.Times, 1), 0, make(chan struct{}), s.AfterFunc
	s.rules = append(s.rules, &r)
	s.armed.Add(1)
	return r.ID, nil
}

// Disarm takes faults away, all of them for id 0, ends their hangs, and returns how many there were.
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

// Rules returns the faults that were armed, with how often each has hit.
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

// Hit has an armed fault happen. It returns nil when there is none, or when the fault was a delay or a hang that has ended.
func (s *Set) Hit(at Point, process, message string) error {
	r, ok := s.Take(at, process, message)
	if !ok {
		return nil
	}
	return r.Inject(process)
}

// Take takes the fault that is to happen in a process at a point of the code, if there is one: whoever has something to say about it first calls
// [Rule.Happen] then.
func (s *Set) Take(at Point, process, message string) (Rule, bool) {
	if !s.Armed() {
		return Rule{}, false
	}
	return s.take(at, process, message, nil)
}

// Happen has a fault that was taken happen, as [Set.Hit] says.
func (r *Rule) Inject(process string) error {
	at := r.Point
	err := fmt.Errorf("%w: %s at %s in %s", ErrInjected, r.Kind, at, process)
	switch r.Kind {
	case Torn:
		return fmt.Errorf("%w in %s", ErrTorn, process)
	case Error:
		if at == BeforeCommit || at == BeforePublish {
			return err
		}
		panic(err)
	case Panic:
		panic(err)
	case Goexit:
		runtime.Goexit()
	case Delay, Hang:
		r.wait()
	case Drop, Duplicate: // Not code's, see Check
	}
	return nil
}

// Transit takes the fault that happens to a message on its way to a process, the zero rule when there is none. Asks says that somebody waits for its answer.
func (s *Set) Transit(process, message string, asks bool) Rule {
	if !s.Armed() {
		return Rule{}
	}
	r, _ := s.take(InTransit, process, message, func(k Kind) bool { return asks || k == Delay })
	return r
}

func (s *Set) take(at Point, process, message string, can func(Kind) bool) (Rule, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rules {
		if r.Hits == r.Times || !r.matches(at, process, message) || can != nil && !can(r.Kind) {
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

// Length is how long a delay takes.
func (r *Rule) Duration() time.Duration {
	if r.For == 0 {
		return 100 * time.Millisecond
	}
	return r.For
}

// wait returns when a delay or a hang is over.
func (r *Rule) wait() {
	over := make(chan struct{})
	if r.Kind == Delay {
		after := r.after
		if after == nil {
			after = func(d time.Duration, f func()) func() {
				t := time.AfterFunc(d, f)
				return func() { t.Stop() }
			}
		}
		defer after(r.Duration(), func() { close(over) })()
	}
	select {
	case <-over:
	case <-r.end:
	}
}
