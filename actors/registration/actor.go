package registration

import (
	"fmt"
	"time"

	"registrar/actors/domain"
	"registrar/actors/fault"
	"registrar/actors/otp"
)

// Actor owns the bindings of one user. Everything in it is touched by its own goroutine only; see the package comment
// for what comes in and goes out. It stops when its record is empty and nobody waits, or when its shard stops it.
type Actor struct {
	env *Env
	key domain.Key

	loaded    bool
	writing   bool           // latest, or an older state of it, is on its way to the disk
	committed *domain.Record // what the file holds: queries see this one
	latest    *domain.Record // what the next request is decided on; while nothing is under way the same as committed
	*pending                 // nil while nothing is: a million actors are idle most of the time
}

// pending is who waits for what.
type pending struct {
	waiting  []Request // came before the record was loaded
	inFlight []pendingReply
	next     []pendingReply
}

// busy returns what is under way, for something to be added.
func (a *Actor) ensurePending() *pending {
	if a.pending == nil {
		a.pending = &pending{}
	}
	return a.pending
}

// rest lets go of pending when nothing is left in it.
func (a *Actor) releasePending() {
	if p := a.pending; p != nil && len(p.waiting)+len(p.inFlight)+len(p.next) == 0 {
		a.pending = nil
	}
}

// idle is how long an actor that has found an empty record waits for work before it leaves.
const emptyTimeout = time.Minute

// settlement is an asker and what it will be told once the record that includes its request is on disk.
type pendingReply struct {
	from otp.From[Outcome]
	out  Outcome
	// binding is the one that the request made, nil for none.
	binding *domain.Binding
}

// New returns the behaviour for one user.
func New(env *Env, key domain.Key) *Actor { return &Actor{env: env, key: key} }

// Init fences older incarnations off and asks for the record.
func (a *Actor) Init(c *otp.Context[Message]) error {
	a.load(c)
	return nil
}

func (a *Actor) load(c *otp.Context[Message]) {
	a.loaded = false
	a.env.Store.Fence(c, a.key, a.epoch(c), otp.Completion(c, func(r domain.Record, err error) Message {
		return loaded{record: r, err: err}
	}))
}

func (*Actor) epoch(c *otp.Context[Message]) uint64 {
	return uint64(c.Epoch())
}

// Handle takes one message.
func (a *Actor) Handle(c *otp.Context[Message], msg Message) {
	switch m := msg.(type) {
	case Register, Unregister, Flush, Query:
		req, ok := m.(Request)
		if !ok {
			panic(fmt.Sprintf("registration: %T is no request", m))
		}
		if a.loaded {
			a.serve(c, req)
		} else {
			a.ensurePending().waiting = append(a.ensurePending().waiting, req)
		}
	case Prune:
		a.prune(c)
	case loaded:
		a.onLoaded(c, m)
	case committed:
		a.onCommitted(c, m)
	}
}

// Passivate reports whether the actor has nothing under way: all that it knows is in the file and in the index.
func (a *Actor) Passivate() bool {
	return a.loaded && !a.writing && a.pending == nil
}

// Terminate gives the fence back. Requests that still wait are answered by the engine.
func (a *Actor) Terminate(c *otp.Context[Message], r otp.Reason) {
	if !r.IsAbnormal() && !a.writing {
		a.env.Store.Release(c, a.key, a.epoch(c))
	}
}

// State is what an operator may see of the actor: counts, no contacts.
func (a *Actor) State() any {
	s := struct {
		Loaded, Writing                               bool
		Bindings, Tombstones, Waiting, PendingReplies int
	}{Loaded: a.loaded, Writing: a.writing}
	if a.committed != nil {
		s.Bindings, s.Tombstones = len(a.committed.Bindings), len(a.committed.Tombstones)
	}
	if p := a.pending; p != nil {
		s.Waiting, s.PendingReplies = len(p.waiting), len(p.inFlight)+len(p.next)
	}
	return s
}

func (a *Actor) serve(c *otp.Context[Message], req Request) {
	now := a.env.Now()
	switch m := req.(type) {
	case Query:
		m.Reply(Answer{Bindings: live(*a.committed, now)})
	case Register:
		rec, out := register(*a.latest, m, now, a.env.Limits)
		a.accept(c, m.From, rec, out)
	case Unregister:
		rec, out := unregister(*a.latest, m, now, a.env.Limits)
		a.accept(c, m.From, rec, out)
	case Flush:
		rec, out := flush(*a.latest, m, now, a.env.Limits)
		a.accept(c, m.From, rec, out)
	}
}

// accept books a decision. What changed nothing is settled with the write in flight, if there is one: a duplicate of a
// message that is not yet on disk must not be acknowledged before it.
func (a *Actor) accept(c *otp.Context[Message], from otp.From[Outcome], rec domain.Record, out Outcome) {
	s := pendingReply{from: from, out: out}
	switch out.Result {
	case Registered, Refreshed, Removed:
		if out.Result != Removed {
			s.binding = &rec.Bindings[0]
		}
		a.latest = &rec
		a.ensurePending().next = append(a.ensurePending().next, s)
		a.write(c)
	case NotRegistered, Duplicate, Stale, AlreadyExpired, RefusedUnprovisioned:
		switch {
		case len(a.ensurePending().next) > 0:
			a.next = append(a.next, s)
		case a.writing:
			a.inFlight = append(a.inFlight, s)
		default:
			a.releasePending()
			from.Reply(out)
		}
	}
}

// write sends the latest record on its way unless one is under way already.
func (a *Actor) write(c *otp.Context[Message]) {
	if a.writing {
		return
	}
	a.writing = true
	a.inFlight, a.next = a.next, nil
	rec := a.latest
	if err := c.Fault(fault.AfterDecide, ""); err != nil {
		panic(err)
	}
	done := otp.Completion(c, func(rec *domain.Record, err error) Message { return committed{record: rec, err: err} })
	a.env.Store.Write(c, *rec, a.epoch(c), func(err error) { done(rec, err) })
}

func (a *Actor) prune(c *otp.Context[Message]) {
	if !a.loaded || a.writing {
		return // the next sweep asks again
	}
	rec, out, changed := prune(*a.latest, a.env.Now(), a.env.Limits)
	if changed {
		a.latest = &rec
		a.ensurePending().next = append(a.ensurePending().next, pendingReply{out: out}) // nobody waits for it
		a.write(c)
		return
	}
	a.stopIfEmpty(c)
}

func (a *Actor) onLoaded(c *otp.Context[Message], m loaded) {
	waiting := a.ensurePending().waiting
	a.waiting = nil
	a.releasePending()
	if m.err != nil {
		for _, req := range waiting {
			req.Refuse(m.err)
		}
		c.Exit(otp.Shutdown)
		return
	}
	a.loaded = true
	rec := m.record.ClampToClock(a.env.Now())
	rec.Key = a.key
	a.committed, a.latest = &rec, &rec
	a.env.Index(c, a.committed.Header())
	for _, req := range waiting {
		a.serve(c, req)
	}
	if a.committed.Empty() && !a.writing {
		// The request that this actor was started for may still be queued behind the record: look again later.
		c.After(emptyTimeout, Prune{})
	}
}

func (a *Actor) onCommitted(c *otp.Context[Message], m committed) {
	a.writing = false
	if m.err != nil {
		a.onWriteFailed(c, m.err)
		return
	}
	a.committed = m.record
	a.env.Index(c, a.committed.Header())
	settled := a.inFlight
	a.inFlight = nil
	for _, s := range settled {
		s.from.Reply(s.out)
		a.notify(c, s)
	}
	if len(a.next) > 0 {
		a.write(c)
		return
	}
	a.releasePending()
	a.stopIfEmpty(c)
}

// onWriteFailed handles an unknown outcome: everybody who waits is told, and the record is read again before anything else is
// decided on it.
func (a *Actor) onWriteFailed(c *otp.Context[Message], err error) {
	failed := append(a.inFlight, a.next...)
	a.inFlight, a.next = nil, nil
	a.releasePending()
	for _, s := range failed {
		s.from.Fail(err)
	}
	if domain.KindOf(err) == domain.Conflict {
		c.Exit(otp.Shutdown) // another incarnation owns the user now
		return
	}
	a.load(c)
}

func (a *Actor) stopIfEmpty(c *otp.Context[Message]) {
	if a.loaded && !a.writing && a.committed.Empty() {
		c.Exit(otp.Normal)
	}
}

func live(rec domain.Record, now time.Time) []domain.Binding {
	var out []domain.Binding
	for _, b := range rec.Bindings {
		if b.Live(now) {
			out = append(out, b)
		}
	}
	return out
}
