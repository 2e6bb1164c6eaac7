package trace

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// Filter selects events. An empty field matches everything.
type Filter struct {
	// MsgID is the Msg-ID of a request; Realm and User are the AOR of an event.
	MsgID, Realm, User string
	// Process is a process name or a pattern as in path.Match, whose * does not match a slash.
	// Type is the name of a message type, with or without its package.
	Process, Type string
	// Kinds lists the kinds of event.
	Kinds []Kind
	// Since excludes older events.
	Since time.Time
}

// Check returns an error if the pattern of the process name is malformed.
func (f Filter) Check() error {
	if _, err := path.Match(f.Process, ""); err != nil {
		return fmt.Errorf("pattern of the process name %q: %w", f.Process, err)
	}
	return nil
}

// Match reports whether the filter selects an event.
func (f Filter) Match(e Event) bool {
	return f.matchKind(e.Kind) && (f.MsgID == "" || f.MsgID == e.MsgID) && f.matchAOR(e) &&
		f.matchProcess(e.Process) && f.matchType(e.Type) && (f.Since.IsZero() || !e.Time.Before(f.Since))
}

// matchAOR accepts an event of the user without a realm, because not every note has one.
func (f Filter) matchAOR(e Event) bool {
	realm, user := e.aor()
	if f.User != "" {
		return f.User == user && (f.Realm == "" || realm == "" || f.Realm == realm)
	}
	return f.Realm == "" || f.Realm == realm
}

// split splits a filter in two: the conversation, and the events within it that are wanted.
// Without Kinds the second filter is zero.
func (f Filter) split() (conversation, within Filter) {
	conversation = f
	conversation.Kinds = nil
	if len(f.Kinds) > 0 {
		within = Filter{Kinds: f.Kinds, Process: f.Process, Since: f.Since}
	}
	return conversation, within
}

// compatible reports whether an event may belong to the same conversation: it concerns no AOR,
// or the AOR of the filter.
func (f Filter) compatible(e Event) bool {
	realm, user := e.aor()
	return (f.User == "" || user == "" || f.User == user) && (f.Realm == "" || realm == "" || f.Realm == realm)
}

// aor returns the realm and the user of an event from its note, or else from the name of its
// process: the starts and crashes of an actor have no note, nor have some of its messages.
func (e Event) aor() (realm, user string) {
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

// IsZero reports whether the filter selects every event.
func (f Filter) IsZero() bool {
	return f.MsgID == "" && f.Realm == "" && f.User == "" && f.Process == "" && f.Type == "" && len(f.Kinds) == 0 && f.Since.IsZero()
}
