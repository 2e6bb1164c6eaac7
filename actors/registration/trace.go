package registration

import (
	"registrar/actors/domain"
	"registrar/actors/trace"
)

// Trace notes of the registration messages: the user and the contact. They never contain
// documents or credentials.

func noteOf(k domain.Key, text string) trace.Note {
	return trace.Note{Realm: string(k.Realm), User: string(k.User), Text: text}
}

// TraceNote returns the user and the contact.
func (m Register) TraceNote() trace.Note { return noteOf(m.Key, m.Contact) }

// TraceNote returns the user and the contact.
func (m Unregister) TraceNote() trace.Note { return noteOf(m.Key, m.Contact) }

// TraceNote returns the user.
func (m Flush) TraceNote() trace.Note { return noteOf(m.Key, "") }

// TraceNote returns the user.
func (m Query) TraceNote() trace.Note { return noteOf(m.Key, "") }

// TraceNote returns whether the record was read.
func (m loaded) TraceNote() trace.Note { return noteOf(m.record.Key, domain.Failure(m.err)) }

// TraceNote returns whether the record is on disk.
func (m committed) TraceNote() trace.Note { return noteOf(m.record.Key, domain.Failure(m.err)) }
