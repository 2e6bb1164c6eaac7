package credential

import (
	"registrar/actors/domain"
	"registrar/actors/trace"
)

// Trace notes of the credential messages: the user, and whether a credential was found. They
// never contain credential data.

// TraceNote returns the user.
func (m Lookup) TraceNote() trace.Note {
	return trace.Note{Realm: string(m.Key.Realm), User: string(m.Key.User)}
}

// TraceNote returns whether the store had a credential.
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
