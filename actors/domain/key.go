package domain

import (
	"errors"
	"strings"
)

// MaxName is the maximum length of a realm and of a user, in bytes.
const MaxName = 255

// Realm is a protection domain: the host part of an address of record, in lower case. Use
// [ParseRealm] on external input.
type Realm string

// User is the user part of an address of record, as received. Users are compared byte by byte.
type User string

// Key is an address of record: one user in one realm. It identifies credentials and
// registrations.
type Key struct {
	Realm Realm
	User  User
}

// String returns the key as user@realm.
func (k Key) String() string { return string(k.User) + "@" + string(k.Realm) }

// ParseRealm lower-cases s: hosts are compared without regard to case (RFC 3261 section 19.1.4).
// It refuses empty names, names longer than [MaxName] bytes and names with a NUL byte.
func ParseRealm(s string) (Realm, error) {
	if err := checkName(s); err != nil {
		return "", Wrap(Invalid, "realm", err)
	}
	return Realm(strings.ToLower(s)), nil
}

// parseUser returns s unchanged. It refuses empty names, names longer than [MaxName] bytes and
// names with a NUL byte.
func parseUser(s string) (User, error) {
	if err := checkName(s); err != nil {
		return "", Wrap(Invalid, "user", err)
	}
	return User(s), nil
}

// ParseKey parses a realm and a user.
func ParseKey(realm, user string) (Key, error) {
	r, err := ParseRealm(realm)
	if err != nil {
		return Key{}, err
	}
	u, err := parseUser(user)
	if err != nil {
		return Key{}, err
	}
	return Key{Realm: r, User: u}, nil
}

func checkName(s string) error {
	switch {
	case s == "":
		return errors.New("is empty")
	case len(s) > MaxName:
		return errors.New("is longer than 255 bytes")
	case strings.IndexByte(s, 0) >= 0:
		return errors.New("contains a NUL byte")
	}
	return nil
}
