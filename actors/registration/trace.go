package registration

import (
	"registrar/actors/domain"
	"registrar/actors/trace"
)

// What a recorded event tells of a message: whom it is about and, of a phone, where it is. Documents and credentials stay out.

func noteOf(k domain.Key, text string) trace.Note {
	return trace.Note{Realm: string(k.Realm), User: string(k.User), Text: text}
}

// TraceNote tells the contact.
func (m Register) TraceNote() trace.Note { return noteOf(m.Key, m.Contact) }

// TraceNote tells the contact.
func (m Unregister) TraceNote() trace.Note { return noteOf(m.Key, m.Contact) }

// TraceNote tells the user.
func (m Flush) TraceNote() trace.Note { return noteOf(m.Key, "") }

// TraceNote tells the user.
func (m Query) TraceNote() trace.Note { return noteOf(m.Key, "") }

// TraceNote tells whether the record could be read.
func (m loaded) TraceNote() trace.Note { return noteOf(m.record.Key, domain.Failure(m.err)) }

// TraceNote tells whether the record is on disk.
func (m committed) TraceNote() trace.Note { return noteOf(m.record.Key, domain.Failure(m.err)) }
