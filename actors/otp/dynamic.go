package otp

import (
	"fmt"
	"sync"
	"time"

	"registrar/actors/trace"
)

// DynamicSupervisorSpec declares the dynamic children of a process (OTP: simple_one_for_one). All
// are of one kind; each has a key.
type DynamicSupervisorSpec[K comparable, M any] struct {
	// Name returns the name of a child. Label returns the same in parts and should not allocate;
	// it replaces Name when there are many children.
	Name  func(K) string
	Label func(K) trace.Label
	// New makes the behaviour of a child for each incarnation.
	New func(K) Behaviour[M]
	// Intensity, Period and CoolDown limit each child on its own. A child with more than Intensity
	// crashes within Period is stopped. Until CoolDown has passed, [DynamicSupervisor.Deliver]
	// returns [ErrCooling] for its key. Siblings and owner are not affected. Zero means zero.
	Intensity        int
	Period, CoolDown time.Duration
	// PassivateAfter is the idle time, ±50 %, after which a child is passivated: it is stopped,
	// and the next message for its key starts it again. Zero means never. A [Passivator] may
	// refuse.
	PassivateAfter time.Duration
	// MaxLive is the number of children above which a new one makes the dynamic supervisor
	// passivate the least recently used of 16 random children. Zero means no limit. Busy children
	// and those that refuse stay, so the number can exceed MaxLive.
	MaxLive int
	// OnExit is called on the goroutine of the owner, between messages, when a child has ended and
	// is not restarted.
	OnExit func(K, Reason)
}

func (s *DynamicSupervisorSpec[K, M]) label(k K) trace.Label {
	if s.Label != nil {
		return s.Label(k)
	}
	return trace.Label{Prefix: s.Name(k)}
}

// DynamicSupervisor owns the dynamic children of one incarnation of a process and routes messages
// to them. The children end with their owner: they are stopped when it stops and abandoned when it
// crashes. Its methods are for the goroutine of the owner.
type DynamicSupervisor[K comparable, M any] struct {
	owner *proc
	spec  DynamicSupervisorSpec[K, M]
	uses  uint32 // counts deliveries modulo 2³²

	// mu guards children, closed and stopping: an abandonment of the owner reads them on another
	// goroutine.
	mu       sync.Mutex
	children map[K]*dynamicChild[K, M]
	closed   bool
	stopping bool
	cooling  map[K]time.Duration // end of the cool-down, on the monotonic clock
}

// NewDynamicSupervisor makes a dynamic supervisor without children for the process of c.
func NewDynamicSupervisor[N any, K comparable, M any](c *Context[N], spec DynamicSupervisorSpec[K, M]) *DynamicSupervisor[K, M] {
	s := &DynamicSupervisor[K, M]{owner: c.p, spec: spec, children: map[K]*dynamicChild[K, M]{}, cooling: map[K]time.Duration{}}
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	if c.p.epoch != c.epoch {
		s.closed = true // the owner has been abandoned and could not end its children
		return s
	}
	x := c.p.ensureExtras()
	x.dependants = append(x.dependants, s)
	if spec.PassivateAfter > 0 {
		s.sweep()
	}
	return s
}

// Deliver sends a message to the child of a key. If there is none, it starts one; the message is
// the first after its Init. Deliver does not wait for Init. Messages for one key keep their order.
func (s *DynamicSupervisor[K, M]) Deliver(from Origin, k K, msg M) error {
	s.uses++
	if d := s.child(k); d != nil {
		d.lastUse = s.uses
		if d.tell(from, msg) == nil || d.deferMessage(from, msg) {
			return nil
		}
		if d.p.isAbandoned() {
			// The replacement takes the message. The event of the abandonment comes later.
			s.replaceAbandoned(d, Reason{Kind: ExitKilled, Term: byOperator})
			if d = s.child(k); d != nil {
				d.lastUse = s.uses
				return d.tell(from, msg)
			}
		}
	}
	if until, ok := s.cooling[k]; ok {
		if s.owner.sys.clock.Mono() < until {
			return fmt.Errorf("%s: %w", s.spec.label(k), ErrCooling)
		}
		delete(s.cooling, k)
	}
	if s.spec.MaxLive > 0 && s.Len() >= s.spec.MaxLive {
		s.evict()
	}
	d := s.start(k, nil, s.owner.currentID())
	if d == nil {
		return fmt.Errorf("%s: %w", s.spec.label(k), ErrNoProcess)
	}
	d.lastUse = s.uses
	return d.tell(from, msg)
}

// Tell sends a message to the child of a key and reports whether there is one.
func (s *DynamicSupervisor[K, M]) Tell(from Origin, k K, msg M) bool {
	d := s.child(k)
	return d != nil && (d.tell(from, msg) == nil || d.deferMessage(from, msg))
}

func (s *DynamicSupervisor[K, M]) child(k K) *dynamicChild[K, M] {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.children[k]
}

// Live reports whether a key has a child.
func (s *DynamicSupervisor[K, M]) Live(k K) bool { return s.child(k) != nil }

// Len returns the number of children.
func (s *DynamicSupervisor[K, M]) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.children)
}

// start starts a child. If replaced is not nil, the child replaces that abandoned one.
func (s *DynamicSupervisor[K, M]) start(k K, replaced *dynamicChild[K, M], cause trace.ID) *dynamicChild[K, M] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.stopping {
		return nil
	}
	d := &dynamicChild[K, M]{supervisor: s, key: k}
	if replaced != nil {
		d.p.restarts, d.lastUse, d.record = replaced.p.restarts+1, replaced.lastUse, replaced.record
	}
	s.owner.sys.begin(&d.p, "", d, cause)
	s.children[k] = d
	return d
}

func (s *DynamicSupervisor[K, M]) all() []*dynamicChild[K, M] {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*dynamicChild[K, M], 0, len(s.children))
	for _, d := range s.children {
		all = append(all, d)
	}
	return all
}

func (s *DynamicSupervisor[K, M]) empty() bool { return s.Len() == 0 }

func (s *DynamicSupervisor[K, M]) size() int { return s.Len() }

// find returns the child with this name.
func (s *DynamicSupervisor[K, M]) find(name string) *proc {
	for _, d := range s.all() {
		if d.p.name() == name {
			return &d.p
		}
	}
	return nil
}
