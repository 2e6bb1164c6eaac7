package registration

import (
	"fmt"
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// Actor owns the bindings of one user. Only its own goroutine accesses it; the package comment
// lists its messages and effects. It stops when its record is empty and no request waits, or when
// its shard stops it.
type Actor struct {
	env *Env
	key domain.Key

	loaded    bool
	writing   bool           // a write is in flight: latest or an older state of it
	committed *domain.Record // on disk; queries read it
	latest    *domain.Record // the base of the next decision; equal to committed when no write is pending
	*pending                 // nil when idle, as a million actors are most of the time
}

// emptyTimeout is how long an actor with an empty record waits for a request before it stops.
const emptyTimeout = time.Minute

// New returns the behaviour for one user.
func New(env *Env, key domain.Key) *Actor { return &Actor{env: env, key: key} }

// Init fences older incarnations and reads the record.
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

// Handle handles one message.
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

// Passivate reports whether the actor is idle: its whole state is in the file and in the index.
func (a *Actor) Passivate() bool {
	return a.loaded && !a.writing && a.pending == nil
}

// Terminate releases the fence. The engine fails waiting requests.
func (a *Actor) Terminate(c *otp.Context[Message], r otp.Reason) {
	if !r.IsAbnormal() && !a.writing {
		a.env.Store.Release(c, a.key, a.epoch(c))
	}
}

// State returns the counts that an operator may see. It contains no contacts.
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

func (a *Actor) prune(c *otp.Context[Message]) {
	if !a.loaded || a.writing {
		return // the next sweep sends another Prune
	}
	rec, out, changed := prune(*a.latest, a.env.Now(), a.env.Limits)
	if changed {
		a.latest = &rec
		a.ensurePending().next = append(a.ensurePending().next, pendingReply{out: out}) // no request waits for it
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
		// The request that started this actor may still be queued behind the record: check again
		// later.
		c.After(emptyTimeout, Prune{})
	}
}

func (a *Actor) stopIfEmpty(c *otp.Context[Message]) {
	if a.loaded && !a.writing && a.committed.Empty() {
		c.Exit(otp.Normal)
	}
}
