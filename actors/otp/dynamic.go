package otp

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"registrar/actors/trace"
)

// FamilySpec declares the dynamic children of a process (OTP: simple_one_for_one), all of one kind, each with a key.
type DynamicSupervisorSpec[K comparable, M any] struct {
	// Name names the process of a key. Label does the same in parts, for a family that may be large: it should allocate nothing.
	Name  func(K) string
	Label func(K) trace.Label
	// New makes the behaviour of the process of a key, anew for each incarnation.
	New func(K) Behaviour[M]
	// A child that crashes more than Intensity times within Period is stopped, and until CoolDown has passed it is not started
	// again: [Family.Deliver] answers [ErrCooling]. The limit is each child's own: one bad child cannot take its
	// siblings or its owner down. Zero Period and CoolDown are five seconds.
	Intensity        int
	Period, CoolDown time.Duration
	// Bound is how many messages may wait for one child; zero is no bound.
	Bound int
	// Idle is how long a child may have nothing to do, give or take a half, before it is put away: it ends in order, and the next message for
	// its key starts it anew. Zero is for ever. A behaviour may refuse, see [Passivator].
	PassivateAfter time.Duration
	// Most is how many children there may be before one more has another put away that has been idle for about the longest: of sixteen, taken at
	// random. Zero is no limit. It is no promise: children that are busy, or refuse, stay.
	MaxLive int
	// OnExit is called on the owner's goroutine, between messages, when a child has ended and will not be restarted.
	OnExit func(K, Reason)
}

func (s *DynamicSupervisorSpec[K, M]) label(k K) trace.Label {
	if s.Label != nil {
		return s.Label(k)
	}
	return trace.Label{Prefix: s.Name(k)}
}

// Family owns the dynamic children of one incarnation of a process, which routes messages to them. Children run beside their owner;
// they end with it: in order when it stops, abandoned when it crashes. Its methods are for the owner's goroutine.
type DynamicSupervisor[K comparable, M any] struct {
	owner *proc
	spec  DynamicSupervisorSpec[K, M]
	uses  uint32 // counts deliveries, modulo 2³²

	mu       sync.Mutex // guards kids and over against the end of the owner on another goroutine
	children map[K]*dynamicChild[K, M]
	closed   bool
	stopping bool
	cooling  map[K]time.Duration // until, on the monotonic clock
}

// NewFamily makes an empty family of the process behind c.
func NewDynamicSupervisor[N any, K comparable, M any](c *Context[N], spec DynamicSupervisorSpec[K, M]) *DynamicSupervisor[K, M] {
	f := &DynamicSupervisor[K, M]{owner: c.p, spec: spec, children: map[K]*dynamicChild[K, M]{}, cooling: map[K]time.Duration{}}
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	if c.p.epoch != c.epoch {
		f.closed = true // its owner has been abandoned: nobody would ever end them
		return f
	}
	x := c.p.ensureExtras()
	x.dependants = append(x.dependants, f)
	if spec.PassivateAfter > 0 {
		f.sweep()
	}
	return f
}

// Deliver hands a message to the child of a key and starts it when there is none: the message is the first that it handles after its
// Init. It does not wait for Init. Messages delivered for one key keep their order.
func (f *DynamicSupervisor[K, M]) Deliver(from Origin, k K, msg M) error {
	f.uses++
	if d := f.child(k); d != nil {
		d.lastUse = f.uses
		err := d.tell(from, msg)
		if err == nil || errors.Is(err, ErrOverloaded) {
			return err
		}
		if d.deferMessage(from, msg) {
			return nil
		}
		if d.p.isAbandoned() {
			f.replaceAbandoned(d, Reason{Kind: ExitKilled, Term: byOperator}) // what it leads to comes before the news of it
			if d = f.child(k); d != nil {
				d.lastUse = f.uses
				return d.tell(from, msg)
			}
		}
	}
	if until, ok := f.cooling[k]; ok {
		if f.owner.sys.clock.Mono() < until {
			return fmt.Errorf("%s: %w", f.spec.label(k), ErrCooling)
		}
		delete(f.cooling, k)
	}
	if f.spec.MaxLive > 0 && f.Len() >= f.spec.MaxLive {
		f.evict()
	}
	d := f.start(k, nil, f.owner.currentID())
	if d == nil {
		return fmt.Errorf("%s: %w", f.spec.label(k), ErrNoProcess)
	}
	d.lastUse = f.uses
	return d.tell(from, msg)
}

// Tell hands a message to the child of a key if it is live.
func (f *DynamicSupervisor[K, M]) Tell(from Origin, k K, msg M) bool {
	d := f.child(k)
	return d != nil && (d.tell(from, msg) == nil || d.deferMessage(from, msg))
}

func (f *DynamicSupervisor[K, M]) child(k K) *dynamicChild[K, M] {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.children[k]
}

// Live reports whether the child of a key is there.
func (f *DynamicSupervisor[K, M]) Live(k K) bool { return f.child(k) != nil }

// Len returns the number of children.
func (f *DynamicSupervisor[K, M]) Len() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.children)
}

// Stop tells the child of a key to stop after the message in hand; OnExit says when it has.
func (f *DynamicSupervisor[K, M]) Stop(k K) {
	if d := f.child(k); d != nil {
		d.stopRequested = true
		d.p.stopSoon(Shutdown)
	}
}

// start starts a child because of a message, in the place of one that was abandoned if that is given.
func (f *DynamicSupervisor[K, M]) start(k K, lost *dynamicChild[K, M], cause trace.ID) *dynamicChild[K, M] {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || f.stopping {
		return nil
	}
	d := &dynamicChild[K, M]{supervisor: f, key: k}
	if lost != nil {
		d.p.restarts, d.lastUse, d.record = lost.p.restarts+1, lost.lastUse, lost.record
	}
	f.owner.sys.begin(&d.p, "", d, cause)
	f.children[k] = d
	return d
}

func (f *DynamicSupervisor[K, M]) all() []*dynamicChild[K, M] {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]*dynamicChild[K, M], 0, len(f.children))
	for _, d := range f.children {
		all = append(all, d)
	}
	return all
}

func (f *DynamicSupervisor[K, M]) empty() bool { return f.Len() == 0 }

func (f *DynamicSupervisor[K, M]) size() int { return f.Len() }

func (f *DynamicSupervisor[K, M]) stopAll() {
	f.mu.Lock()
	f.stopping = true
	f.mu.Unlock()
	for _, d := range f.all() {
		d.p.stopSoon(Shutdown)
	}
	if f.empty() {
		return
	}
	f.owner.sys.clock.AfterFunc(defaultShutdown, func() {
		f.owner.post(func() {
			f.abandonAll()
			f.owner.dependantsEnded()
		})
	})
}

func (f *DynamicSupervisor[K, M]) abandonAll() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	for _, d := range f.all() {
		d.p.abandon(Killed)
	}
	f.mu.Lock()
	clear(f.children)
	f.mu.Unlock()
}

// find returns the process of that name among the children, for operators.
func (f *DynamicSupervisor[K, M]) find(name string) *proc {
	for _, d := range f.all() {
		if d.p.name() == name {
			return &d.p
		}
	}
	return nil
}
