package amqpbridge

import (
	"registrar/actors/trace"
	"registrar/amqpbridge/wire"
)

// note describes a job as far as it is decoded.
func (j *job) note(text string) trace.Note {
	n := trace.Note{Realm: string(j.aor.Realm), User: string(j.aor.User), Text: text}
	if j.msg != nil {
		n.MsgID = wire.EnvelopeOf(j.msg).MsgID
	}
	return n
}

// trace records a delivery after an attempt to decode it.
func (f *consumer) trace(c *consumerContext, j *job) {
	text := "unreadable"
	if j.msg != nil {
		text = wire.EnvelopeOf(j.msg).Event
	}
	if j.d.Redelivered {
		text += ", redelivered"
	}
	c.Trace(trace.Delivery, j.note(text))
}

// TraceNote names the job, and says whether its step has failed.
func (m answered) TraceNote() trace.Note {
	if m.err != nil {
		return m.j.note("failed")
	}
	return m.j.note("")
}

// TraceNote names the job.
func (m retryJob) TraceNote() trace.Note { return m.j.note("") }

// TraceNote names the job and the reason.
func (m parked) TraceNote() trace.Note { return m.j.note(m.j.parking.outcome) }

// TraceNote tells whether the broker refused to consume.
func (m subscribed) TraceNote() trace.Note {
	if m.err != nil {
		return trace.Note{Text: "refused"}
	}
	return trace.Note{}
}
