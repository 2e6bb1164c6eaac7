package amqpbridge

import (
	"registrar/actors/otp"
	"registrar/actors/trace"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/wire"
)

// What a recorded event tells of a message: its kind, its Msg-ID and whom it is about. Bodies stay out.

// note tells of a delivery as far as it has been read.
func (j *job) note(text string) trace.Note {
	n := trace.Note{Realm: string(j.aor.Realm), User: string(j.aor.User), Text: text}
	if j.msg != nil {
		n.MsgID = wire.EnvelopeOf(j.msg).MsgID
	}
	return n
}

// trace records a delivery once it has been read, or could not be.
func (f *Consumer) trace(c *otp.Context[ConsumerMessage], j *job) {
	what := "unreadable"
	if j.msg != nil {
		what = wire.EnvelopeOf(j.msg).Event
	}
	if j.d.Redelivered {
		what += ", again"
	}
	c.Trace(trace.Delivery, j.note(what))
}

// TraceNote tells what became of the work on a delivery.
func (m outcome) TraceNote() trace.Note {
	if m.err != nil {
		return m.j.note("failed")
	}
	return m.j.note("")
}

// TraceNote tells which delivery.
func (m again) TraceNote() trace.Note { return m.j.note("") }

// TraceNote tells which delivery.
func (m served) TraceNote() trace.Note { return m.j.note("") }

// TraceNote tells which delivery, and why it was put aside.
func (m parked) TraceNote() trace.Note { return m.j.note(m.j.aside.name) }

// TraceNote tells which delivery.
func (m step) TraceNote() trace.Note {
	if m.j == nil {
		return trace.Note{}
	}
	return m.j.note("")
}

// TraceNote tells which message leaves.
func (m Send) TraceNote() trace.Note { return trace.Note{MsgID: m.MsgID, Text: m.Event} }

// TraceNote tells where to.
func (m Park) TraceNote() trace.Note { return trace.Note{Text: m.Publishing.Key} }

// TraceNote tells the user.
func (m registrationEvent) TraceNote() trace.Note {
	return trace.Note{Realm: string(m.Key.Realm), User: string(m.Key.User)}
}

// TraceNote tells the user.
func (m owner) TraceNote() trace.Note { return m.event.TraceNote() }

// published tells of a message that was handed to the broker.
func published(m Send) trace.Note {
	return trace.Note{MsgID: m.MsgID, Text: m.Event + " to " + destination(m.Publishing)}
}

func destination(p link.Publishing) string {
	if p.Exchange == "" {
		return p.Key
	}
	return p.Exchange + " " + p.Key
}

// TraceNote tells how the attempt has ended.
func (m dialed) TraceNote() trace.Note {
	if m.err != nil {
		return trace.Note{Text: "no broker"}
	}
	return trace.Note{Text: "connected"}
}

// TraceNote tells whether the flow consumes.
func (m consuming) TraceNote() trace.Note {
	if m.err != nil {
		return trace.Note{Text: "refused"}
	}
	return trace.Note{}
}
