package trace

import (
	"cmp"
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

func (f Filter) about(e Event) bool {
	realm, user := e.about()
	if f.User != "" {
		return f.User == user && (f.Realm == "" || realm == "" || f.Realm == realm)
	}
	return f.Realm == "" || f.Realm == realm
}

// parts splits a filter in two: what a story is about, and which of its events are wanted, all or those of some kinds.
func (f Filter) parts() (story, among Filter) {
	story = f
	story.Kinds = nil
	if len(f.Kinds) > 0 {
		among = Filter{Kinds: f.Kinds, Process: f.Process, Since: f.Since}
	}
	return story, among
}

// ours reports whether an event may be in the same story: that it is about nobody, or about whom the filter asks for.
func (f Filter) ours(e Event) bool {
	realm, user := e.about()
	return (f.User == "" || user == "" || f.User == user) && (f.Realm == "" || realm == "" || f.Realm == realm)
}

// about is whom an event is about. What a note does not say the process does, if it is that of a user or of a realm: its starts and its crashes have no
// note, nor do some of its messages.
func (e Event) about() (realm, user string) {
	if name, ok := strings.CutPrefix(e.Process, "user/"); ok {
		if at := strings.LastIndexByte(name, '@'); at >= 0 {
			realm, user = name[at+1:], name[:at]
		}
	} else if name, ok := strings.CutPrefix(e.Process, "realm/"); ok {
		realm = name
	}
	return cmp.Or(e.Realm, realm), cmp.Or(e.User, user)
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
