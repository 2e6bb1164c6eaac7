package trace

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// Filter selects events. What is left empty selects all.
type Filter struct {
	// MsgID is the Msg-ID of a question; Realm and User whom an event is about.
	MsgID, Realm, User string
	// Process is a name or a pattern of one (path.Match: * does not reach over a slash); Type the name of a type, with or without its package.
	Process, Type string
	// Kinds are the kinds that are wanted; none is all.
	Kinds []Kind
	// Since leaves out what is older.
	Since time.Time
}

// Check says what is wrong with the filter.
func (f Filter) Check() error {
	if _, err := path.Match(f.Process, ""); err != nil {
		return fmt.Errorf("the pattern of a process's name %q: %w", f.Process, err)
	}
	return nil
}

// Match reports whether the filter selects an event.
func (f Filter) Match(e Event) bool {
	return f.matchKind(e.Kind) && (f.MsgID == "" || f.MsgID == e.MsgID) && f.about(e) && f.matchProcess(e.Process) && f.matchType(e.Type) && (f.Since.IsZero() || !e.Time.Before(f.Since))
}

// about also knows the processes of a user and of a realm, whose messages may have no note.
func (f Filter) about(e Event) bool {
	if f.User != "" {
		return f.User == e.User && (f.Realm == "" || e.Realm == "" || f.Realm == e.Realm) || e.Process == "user/"+f.User+"@"+f.Realm
	}
	return f.Realm == "" || f.Realm == e.Realm || e.Process == "realm/"+f.Realm
}

func (f Filter) matchKind(k Kind) bool {
	return len(f.Kinds) == 0 || slices.Contains(f.Kinds, k)
}

func (f Filter) matchProcess(name string) bool {
	if f.Process == "" || f.Process == name {
		return true
	}
	ok, _ := path.Match(f.Process, name) // see Check
	return ok
}

func (f Filter) matchType(t string) bool {
	return f.Type == "" || f.Type == t || strings.HasSuffix(t, "."+f.Type)
}

// IsZero reports whether the filter selects everything.
func (f Filter) IsZero() bool {
	return f.MsgID == "" && f.Realm == "" && f.User == "" && f.Process == "" && f.Type == "" && len(f.Kinds) == 0 && f.Since.IsZero()
}
