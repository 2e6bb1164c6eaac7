package domain

import (
	"errors"
	"strings"
)

// MaxName is the longest realm and the longest user, in bytes.
const MaxName = 255

// Realm is a protection domain: the host part of an address of record, in lower case. Use [ParseRealm] on foreign text.
type Realm string

// User is the user part of an address of record, as received: it is compared byte by byte.
type User string

// Key is an address of record: one user in one realm. It identifies everything that the registrar keeps.
type Key struct {
	Realm Realm
	User  User
}

// String returns the key as user@realm.
func (k Key) String() string { return string(k.User) + "@" + string(k.Realm) }

// ParseRealm lower-cases s (hosts are compared without regard to case, RFC 3261 section 19.1.4) and refuses what cannot
// be a key: an empty name, one longer than [MaxName] bytes, one with a NUL byte.
func ParseRealm(s string) (Realm, error) {
	if err := checkName(s); err != nil {
		return "", Wrap(Invalid, "realm", err)
	}
	return Realm(strings.ToLower(s)), nil
}

// ParseUser takes s as it is and refuses what cannot be a key: an empty name, one longer than [MaxName] bytes, one with a
// NUL byte.
func parseUser(s string) (User, error) {
	if err := checkName(s); err != nil {
		return "", Wrap(Invalid, "user", err)
	}
	return User(s), nil
}

// ParseKey is [ParseRealm] and [ParseUser] together.
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
		return errors.New("holds a NUL byte")
	}
	return nil
}
