package directory

import (
	"registrar/actors/domain"
	"registrar/actors/trace"
)

// What a recorded event tells of a message: whom it is about.

func noteOf(k domain.Key, text string) trace.Note {
	return trace.Note{Realm: string(k.Realm), User: string(k.User), Text: text}
}

// TraceNote tells what the request tells.
func (m Deliver) TraceNote() trace.Note {
	n, ok := m.Request.(trace.Noter)
	if !ok {
		return trace.Note{}
	}
	return n.TraceNote()
}

// TraceNote tells the realm.
func (m Count) TraceNote() trace.Note { return trace.Note{Realm: string(m.Realm)} }

// TraceNote tells the realm.
func (m FlushRealm) TraceNote() trace.Note { return trace.Note{Realm: string(m.Realm)} }

// TraceNote tells the user.
func (m indexed) TraceNote() trace.Note { return noteOf(m.header.Key, "") }

// TraceNote tells the user.
func (m pruneLive) TraceNote() trace.Note { return noteOf(m.key, "") }

// TraceNote tells whether the record could be read.
func (m recordReloaded) TraceNote() trace.Note { return noteOf(m.key, domain.Failure(m.err)) }

// TraceNote tells whether the user has credentials here.
func (m credentialChecked) TraceNote() trace.Note {
	if m.unprovisioned {
		return noteOf(m.key, "without credentials")
	}
	return noteOf(m.key, "has credentials")
}

// TraceNote tells whether the user could be flushed.
func (m flushedUser) TraceNote() trace.Note {
	return trace.Note{Realm: string(m.flush.Realm), Text: domain.Failure(m.err)}
}
