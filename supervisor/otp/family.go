package otp

import (
	"fmt"
	"sync"
	"time"
)

// FamilySpec declares the dynamic children of a process (OTP: simple_one_for_one), all of one kind, each with a key.
type FamilySpec[K comparable, M any] struct {
	// Name names the process of a key; New makes its behaviour, anew for each incarnation.
	Name func(K) string
	New  func(K) Behaviour[M]
	// A child that crashes more than Intensity times within Period is stopped, and until CoolDown has passed it is not started
	// again: [Family.Deliver] answers [ErrCooling]. The limit is each child's own: one bad child cannot take its
	// siblings or its owner down. Zero Period and CoolDown are five seconds.
	Intensity        int
	Period, CoolDown time.Duration
	// Bound is how many messages may wait for one child; zero is no bound.
	Bound int
	// OnExit is called on the owner's goroutine, between messages, when a child has ended and will not be restarted.
	OnExit func(K, Reason)
	// Shutdown is how long the children may take to stop when their owner stops in order; zero is five seconds.
	Shutdown time.Duration
}

// Family owns the dynamic children of one incarnation of a process, which routes messages to them. Children run beside their owner;
// they end with it: in order when it stops, abandoned when it crashes. Its methods are for the owner's goroutine.
type Family[K comparable, M any] struct {
	owner *proc
	spec  FamilySpec[K, M]

	mu      sync.Mutex // guards kids and over against the end of the owner on another goroutine
	kids    map[K]*kid[K, M]
	over    bool
	stop    bool
	cooling map[K]time.Duration // until, on the monotonic clock
}

// kid is one child: address, body and process in one.
type kid[K comparable, M any] struct {
	family *Family[K, M]
	key    K
	p      *proc
	body   typed[M]
	window window
	fatal  *Reason // the crash after which it is not restarted
}

// NewFamily makes an empty family of the process behind c.
func NewFamily[N any, K comparable, M any](c *Context[N], spec FamilySpec[K, M]) *Family[K, M] {
	if spec.Period == 0 {
		spec.Period = 5 * time.Second
	}
	if spec.CoolDown == 0 {
		spec.CoolDown = 5 * time.Second
	}
	if spec.Shutdown == 0 {
		spec.Shutdown = defaultShutdown
	}
	f := &Family[K, M]{owner: c.p, spec: spec, kids: map[K]*kid[K, M]{}, cooling: map[K]time.Duration{}}
	c.p.mu.Lock()
	c.p.families = append(c.p.families, f)
	c.p.mu.Unlock()
	return f
}

// Deliver hands a message to the child of a key and starts it when there is none: the message is the first that it handles after its
// Init. It does not wait for Init. Messages delivered for one key keep their order.
func (f *Family[K, M]) Deliver(from Origin, k K, msg M) error {
	if f.Tell(from, k, msg) {
		return nil
	}
	if until, ok := f.cooling[k]; ok {
		if f.owner.sys.clock.Mono() < until {
			return fmt.Errorf("%s: %w", f.spec.Name(k), ErrCooling)
		}
		delete(f.cooling, k)
	}
	d := f.start(k)
	if d == nil {
		return fmt.Errorf("%s: %w", f.spec.Name(k), ErrNoProcess)
	}
	return d.body.ref.Tell(from, msg)
}

// Tell hands a message to the child of a key if it is live.
func (f *Family[K, M]) Tell(from Origin, k K, msg M) bool {
	d := f.get(k)
	return d != nil && d.body.ref.Tell(from, msg) == nil
}

func (f *Family[K, M]) get(k K) *kid[K, M] {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.kids[k]
}

// Live reports whether the child of a key is there.
func (f *Family[K, M]) Live(k K) bool { return f.get(k) != nil }

// Len returns the number of children.
func (f *Family[K, M]) Len() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.kids)
}

// Stop tells the child of a key to stop after the message in hand; OnExit says when it has.
func (f *Family[K, M]) Stop(k K) {
	if d := f.get(k); d != nil {
		d.p.stopSoon(Shutdown)
	}
}

func (f *Family[K, M]) start(k K) *kid[K, M] {
	d := &kid[K, M]{family: f, key: k}
	ref := &Ref[M]{sys: f.owner.sys, name: f.spec.Name(k), bound: int32(min(f.spec.Bound, 1<<30))} //nolint:gosec // cut to fit.
	d.body = typed[M]{ref: ref, factory: func() Behaviour[M] { return f.spec.New(k) }}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over || f.stop {
		return nil
	}
	d.p = f.owner.sys.spawn(ref.name, &d.body, d)
	f.kids[k] = d
	return d
}

// childEvent brings what matters onto the owner's goroutine.
func (d *kid[K, M]) childEvent(e childEvent) {
	f := d.family
	if e.kind == evStarted {
		kind := ChildStarted
		if e.p.restarted() {
			kind = ChildRestarted
		}
		f.owner.sys.report(Report{Kind: kind, Process: e.p.name, Epoch: e.p.currentEpoch()})
		return
	}
	f.owner.post(func() { f.on(d, e) })
}

func (f *Family[K, M]) on(d *kid[K, M], e childEvent) {
	sys := f.owner.sys
	if e.kind == evExited {
		sys.report(Report{Kind: ChildTerminated, Process: e.p.name, Epoch: e.epoch, Reason: e.reason})
		f.exited(d, e.reason)
		return
	}
	sys.report(Report{Kind: ChildCrashed, Process: e.p.name, Epoch: e.epoch, Reason: e.reason})
	if d.window.add(sys.clock.Mono(), f.spec.Period, f.spec.Intensity) {
		d.fatal = &e.reason
		f.cooling[d.key] = sys.clock.Mono() + f.spec.CoolDown
		f.forgetCooled()
		sys.report(Report{Kind: GaveUp, Process: e.p.name, Reason: e.reason})
		d.p.stopSoon(e.reason)
		return
	}
	d.p.restart()
}

func (f *Family[K, M]) exited(d *kid[K, M], r Reason) {
	f.mu.Lock()
	if f.kids[d.key] == d {
		delete(f.kids, d.key)
	}
	f.mu.Unlock()
	if d.fatal != nil {
		r = *d.fatal
	}
	if f.spec.OnExit != nil && !f.stop {
		f.spec.OnExit(d.key, r)
	}
	f.owner.dependantsGone()
}

// forgetCooled keeps the list of cooling keys as short as the crashes of the last cool-down.
func (f *Family[K, M]) forgetCooled() {
	now := f.owner.sys.clock.Mono()
	for k, until := range f.cooling {
		if now >= until {
			delete(f.cooling, k)
		}
	}
}

func (f *Family[K, M]) all() []*kid[K, M] {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]*kid[K, M], 0, len(f.kids))
	for _, d := range f.kids {
		all = append(all, d)
	}
	return all
}

func (f *Family[K, M]) empty() bool { return f.Len() == 0 }

func (f *Family[K, M]) size() int { return f.Len() }

func (f *Family[K, M]) stopAll() {
	f.mu.Lock()
	f.stop = true
	f.mu.Unlock()
	for _, d := range f.all() {
		d.p.stopSoon(Shutdown)
	}
	if f.empty() {
		return
	}
	f.owner.sys.clock.AfterFunc(f.spec.Shutdown, func() {
		f.owner.post(func() {
			f.abandonAll()
			f.owner.dependantsGone()
		})
	})
}

func (f *Family[K, M]) abandonAll() {
	f.mu.Lock()
	f.over = true
	f.mu.Unlock()
	for _, d := range f.all() {
		d.p.abandon()
	}
	f.mu.Lock()
	clear(f.kids)
	f.mu.Unlock()
}

// find returns the process of that name among the children, for operators.
func (f *Family[K, M]) find(name string) *proc {
	for _, d := range f.all() {
		if d.p.name == name {
			return d.p
		}
	}
	return nil
}
