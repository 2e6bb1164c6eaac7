package registration

import (
	"registrar/actors/domain"
	"registrar/actors/fault"
	"registrar/actors/otp"
)

// accept stores a decision. A request that changed nothing is answered with the write in flight,
// if any: the duplicate of a message that is not yet on disk must not be acknowledged before it.
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

// write starts a write of the latest record unless one is in flight.
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

// onWriteFailed handles an unknown outcome. It fails all pending requests and reads the record
// again before the next decision.
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
