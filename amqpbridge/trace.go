package amqpbridge

import (
	"registrar/actors/trace"
	"registrar/amqpbridge/link"
)

// What a recorded event tells of a message: its kind, its Msg-ID and whom it is about. Bodies stay out.

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
