package directory

import (
	"registrar/actors/domain"
	"registrar/actors/trace"
)

// Trace notes of the directory messages: the user or the realm.

func noteOf(k domain.Key, text string) trace.Note {
	return trace.Note{Realm: string(k.Realm), User: string(k.User), Text: text}
}

// TraceNote returns the note of the request.
func (m Deliver) TraceNote() trace.Note {
	n, ok := m.Request.(trace.Noter)
	if !ok {
		return trace.Note{}
	}
	return n.TraceNote()
}

// TraceNote returns the realm.
func (m Count) TraceNote() trace.Note { return trace.Note{Realm: string(m.Realm)} }

// TraceNote returns the realm.
func (m FlushRealm) TraceNote() trace.Note { return trace.Note{Realm: string(m.Realm)} }

// TraceNote returns the user.
func (m indexed) TraceNote() trace.Note { return noteOf(m.header.Key, "") }

// TraceNote returns the user.
func (m pruneLive) TraceNote() trace.Note { return noteOf(m.key, "") }

// TraceNote returns whether the record was read.
func (m recordReloaded) TraceNote() trace.Note { return noteOf(m.key, domain.Failure(m.err)) }

// TraceNote returns whether the user has a credential here.
func (m credentialChecked) TraceNote() trace.Note {
	if m.unprovisioned {
		return noteOf(m.key, "without credentials")
	}
	return noteOf(m.key, "has credentials")
}

// TraceNote returns whether the user was flushed.
func (m flushedUser) TraceNote() trace.Note {
	return trace.Note{Realm: string(m.flush.Realm), Text: domain.Failure(m.err)}
}
