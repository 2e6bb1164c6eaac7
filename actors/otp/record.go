package otp

import (
	"reflect"
	"time"

	"registrar/actors/trace"
)

// Recording of a process's life. Without a recorder all of it returns at once.

// Trace records an event of the process besides its messages: a delivery, a publishing, a commit.
func (c *Context[M]) Trace(kind trace.Kind, n trace.Note) {
	if c.p.sys.rec == nil {
		return
	}
	e := c.p.entry(kind, c.epoch)
	e.Cause, e.Note = c.cause(), n
	c.p.sys.rec.Record(&e)
}

// Traced reports whether events are recorded. It guards notes that are expensive to make.
func (c *Context[M]) Traced() bool { return c.p.sys.rec != nil }

func noteOf(msg any) trace.Note {
	if n, ok := msg.(trace.Noter); ok {
		return n.TraceNote()
	}
	return trace.Note{}
}

// entry returns an event with the current time.
func (p *proc) entry(kind trace.Kind, epoch Epoch) trace.Entry {
	return trace.Entry{Kind: kind, Began: p.sys.clock.Mono(), Boot: epoch.Boot(), Incarnation: epoch.Counter(), Process: p.label()}
}

// recordMessage records a handled message and returns its end time.
func (p *proc) recordMessage(e *envelope, queued time.Duration, note trace.Note, asks, failed bool) time.Duration {
	if p.sys.rec == nil || !p.mayRecord(e) {
		return e.time
	}
	t := trace.Entry{
		ID: e.id, Cause: e.cause, Sent: queued, Began: e.time, Ended: p.sys.clock.Mono(), Boot: p.sys.boot, Incarnation: e.id.Incarnation(),
		Process: p.label(), Type: reflect.TypeOf(e.msg), From: e.from.name(), Note: note, Kind: e.kind, Asks: asks, Failed: failed,
	}
	p.sys.rec.Record(&t)
	return t.Ended
}

// mayRecord reports whether the process may record a message: if the process was abandoned while
// handling it, the abandonment has recorded it.
func (p *proc) mayRecord(e *envelope) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase == abandoned {
		return false
	}
	e.recorded = true
	return true
}

// recordAbandoned records the message that was being handled when the process was abandoned: its
// handler may never return. The event has no note, because the handler may still write the
// message.
func (p *proc) recordAbandoned(e *envelope, epoch Epoch) {
	if p.sys.rec == nil || e.recorded {
		return // an abandoned process does not write recorded any more
	}
	rq, asks := e.msg.(Request)
	t := p.entry(e.kind, epoch)
	t.ID, t.Cause = e.id, e.cause
	t.Began, t.Ended = e.time, t.Began
	t.Type, t.From = reflect.TypeOf(e.msg), e.from.name()
	t.Asks, t.Failed = asks && rq.slot() != nil, true
	p.sys.rec.Record(&t)
}

// recordLife records an event in the life of the process.
func (p *proc) recordLife(kind trace.Kind, epoch Epoch, cause trace.ID, text string) {
	if p.sys.rec == nil {
		return
	}
	e := p.entry(kind, epoch)
	e.Cause, e.Note.Text = cause, text
	p.sys.rec.Record(&e)
}

// recordStart records a successful Init as the first message of the incarnation.
func (p *proc) recordStart(began time.Duration) {
	if p.sys.rec == nil {
		return
	}
	kind := trace.Start
	if p.restarted() {
		kind = trace.Restart
	}
	e := p.entry(kind, p.currentEpoch())
	e.Began, e.Ended = began, e.Began
	if h := p.current; h != nil { // read on the process's own goroutine
		e.ID, e.Cause = h.id, h.cause
	}
	p.sys.rec.Record(&e)
}

// recordReport records reports about processes that cannot record them themselves.
func (s *System) recordReport(r Report) {
	if s.rec == nil {
		return
	}
	e := trace.Entry{
		Began: s.clock.Mono(), Boot: r.Epoch.Boot(), Incarnation: r.Epoch.Counter(), Process: trace.Label{Prefix: r.Process}, Cause: r.cause,
		Note: trace.Note{Text: r.Message},
	}
	if r.Kind == Abandoned {
		e.Cause, e.Note.Text = r.Reason.MessageID, r.Reason.String()
	}
	switch r.Kind {
	case GaveUp:
		e.Kind = trace.GaveUp
	case Abandoned:
		e.Kind = trace.Abandoned
	case DeadLetter:
		e.Kind = trace.DeadLetter
	case ChildStarted, ChildTerminated, ChildCrashed, ChildRestarted, ReportsLost:
		return // recorded by the process itself
	}
	s.rec.Record(&e)
}

// currentID returns the id of the current message or operation. It is for the process's own
// goroutine.
func (p *proc) currentID() trace.ID {
	if e := p.current; e != nil {
		return e.id
	}
	return 0
}

// assignStartID gives the start of an incarnation the message id zero of its epoch and returns the
// time.
func (p *proc) assignStartID() time.Duration {
	if p.sys.rec == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current != nil {
		p.current.id = trace.NewID(p.epoch.Counter(), 0)
	}
	return p.sys.clock.Mono()
}

// lastCrashMessage returns the id of the message that caused the last crash.
func (p *proc) lastCrashMessage() trace.ID {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.extras == nil {
		return 0
	}
	return p.extras.crashMessage
}
