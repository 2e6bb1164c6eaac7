package credential

import (
	"registrar/actors/domain"
	"registrar/actors/trace"
)

// What a recorded event tells of a message: whom it is about and whether there is a credential, and nothing of what is in it.

// TraceNote tells the user.
func (m Lookup) TraceNote() trace.Note {
	return trace.Note{Realm: string(m.Key.Realm), User: string(m.Key.User)}
}

// TraceNote tells whether the store had a credential.
func (m read) TraceNote() trace.Note {
	n := trace.Note{User: string(m.user), Text: "not found"}
	switch {
	case m.err != nil:
		n.Text = domain.Failure(m.err)
	case m.found.OK:
		n.Text = "found"
	}
	return n
}
