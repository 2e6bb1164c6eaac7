package amqpbridge

import (
	"registrar/actors/trace"
	"registrar/amqpbridge/link"
)

// Traced events name the kind of a message, its Msg-ID and its AOR, never its body.

// TraceNote names the message.
func (m publishMessage) TraceNote() trace.Note { return trace.Note{MsgID: m.MsgID, Text: m.Event} }

// TraceNote names the parking queue.
func (m publishConfirmed) TraceNote() trace.Note { return trace.Note{Text: m.Publishing.Key} }

// TraceNote names the AOR.
func (m registrationEvent) TraceNote() trace.Note {
	return trace.Note{Realm: string(m.Key.Realm), User: string(m.Key.User)}
}

// TraceNote names the AOR.
func (m accountFound) TraceNote() trace.Note { return m.event.TraceNote() }

// published describes a message that the broker has accepted.
func published(m publishMessage) trace.Note {
	return trace.Note{MsgID: m.MsgID, Text: m.Event + " to " + destination(m.Publishing)}
}

func destination(p link.Publishing) string {
	if p.Exchange == "" {
		return p.Key
	}
	return p.Exchange + " " + p.Key
}

// TraceNote names the result.
func (m dialed) TraceNote() trace.Note {
	if m.err != nil {
		return trace.Note{Text: "no broker"}
	}
	return trace.Note{Text: "connected"}
}
