package trace

import (
	"fmt"
	"strconv"
	"strings"
)

// ID identifies a message by the counter of the incarnation that handled it and a number within
// the incarnation. Zero means none. IDs are unique within one run of the registrar until an
// incarnation has handled 16 million messages.
type ID uint64

const idBits = 24

// NewID returns the ID of a message of an incarnation.
func NewID(incarnation, message uint64) ID { return ID(incarnation<<idBits | message&(1<<idBits-1)) }

// Incarnation returns the counter of the incarnation.
func (i ID) Incarnation() uint64 { return uint64(i >> idBits) }

// String returns incarnation.message.
func (i ID) String() string {
	if i == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(i>>idBits), 10) + "." + strconv.FormatUint(uint64(i&(1<<idBits-1)), 10)
}

// ParseID parses the output of String.
func ParseID(s string) (ID, error) {
	if s == "" {
		return 0, nil
	}
	a, b, ok := strings.Cut(s, ".")
	n, err := strconv.ParseUint(a, 10, 40)
	m, err2 := strconv.ParseUint(b, 10, idBits)
	if !ok || err != nil || err2 != nil {
		return 0, fmt.Errorf("invalid message id %q: want incarnation.number, such as 91.1", s)
	}
	return NewID(n, m), nil
}

// MarshalText returns the same text as String.
func (i ID) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText parses the output of MarshalText.
func (i *ID) UnmarshalText(text []byte) (err error) {
	*i, err = ParseID(string(text))
	return err
}

// Label is the name of a process in parts, so that a process need not own the joined string.
// The name is Prefix, then User@Realm, Realm alone, or nothing.
type Label struct{ Prefix, Realm, User string }

// String returns the name.
func (l Label) String() string {
	if l.User == "" {
		return l.Prefix + l.Realm
	}
	return l.Prefix + l.User + "@" + l.Realm
}
