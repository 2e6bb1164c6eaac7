package otp

import (
	"reflect"
	"time"

	"registrar/actors/trace"
)

// What a process tells the recorder. Nothing here is reached when nothing is recorded.

// Trace records an event of the process's own besides the messages that it handles: a delivery, a publishing, a commit.
func (c *Context[M]) Trace(kind trace.Kind, n trace.Note) {
	if c.p.sys.rec == nil {
		return
	}
	e := c.p.entry(kind, c.epoch)
	e.Cause, e.Note = c.cause(), n
	c.p.sys.rec.Record(&e)
}

// Traced reports whether anything is recorded: for events whose note costs something.
func (c *Context[M]) Traced() bool { return c.p.sys.rec != nil }

func noteOf(msg any) trace.Note {
	if n, ok := msg.(trace.Noter); ok {
		return n.TraceNote()
	}
	return trace.Note{}
}

// entry begins an event that happens now.
func (p *proc) entry(kind trace.Kind, epoch Epoch) trace.Entry {
	return trace.Entry{Kind: kind, Began: p.sys.clock.Mono(), Boot: epoch.Boot(), Incarnation: epoch.Counter(), Process: p.label()}
}

// recordMessage records a message whose handling is over, and returns when that was.
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

// mayRecord reports whether the process still has a say about a message: if it has been abandoned over it, that is recorded already.
func (p *proc) mayRecord(e *envelope) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase == abandoned {
		return false
	}
	e.recorded = true
	return true
}

// recordCut records the message over which the process is abandoned: its handler may never return. The note of the message is the handler's to read, so that
// the event has none.
func (p *proc) recordAbandoned(e *envelope, epoch Epoch) {
	if p.sys.rec == nil || e.recorded {
		return // its process has no more say, and writes that no more
	}
	rq, asks := e.msg.(Request)
	t := p.entry(e.kind, epoch)
	t.ID, t.Cause, t.Began, t.Ended = e.id, e.cause, e.time, t.Began
	t.Type, t.From, t.Asks, t.Failed = reflect.TypeOf(e.msg), e.from.name(), asks && rq.slot() != nil, true
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

// recordStart records that Init has succeeded, as the first message of the incarnation.
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
	if h := p.current; h != nil { // its own goroutine's to read
		e.ID, e.Cause = h.id, h.cause
	}
	p.sys.rec.Record(&e)
}

// recordReport records what is told of processes that are not there to tell it themselves.
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
		return // it tells that itself
	}
	s.rec.Record(&e)
}

// handling is the message, or the operation, that the process has in hand; for its own goroutine.
func (p *proc) currentID() trace.ID {
	if e := p.current; e != nil {
		return e.id
	}
	return 0
}

// nameStart gives the start of an incarnation the id of its message number zero, and returns when it began.
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

// crashedOver is the message of the last crash.
func (p *proc) lastCrashMessage() trace.ID {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.extras == nil {
		return 0
	}
	return p.extras.crashMessage
}
