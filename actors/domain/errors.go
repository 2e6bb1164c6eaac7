package domain

import (
	"context"
	"errors"
)

// Kind says what an error means to whoever asked; it alone decides between acknowledging, handing again, parking and
// refusing.
type Kind uint8

// The kinds of error.
const (
	// Internal is a broken promise of ours: the work may be tried again by another incarnation.
	Internal Kind = iota
	// NotFound is a user, realm or registration that does not exist.
	NotFound
	// Invalid is input that will never be accepted as it is.
	Invalid
	// Conflict is work that has been overtaken, such as a write of an older incarnation.
	Conflict
	// Overloaded is work refused because a bound is reached: it may be tried later.
	Overloaded
	// Unavailable is something that is needed and not there now, such as a store that reopens.
	Unavailable
	// Full is what does not fit where it has to be kept: it may be tried when something else has gone.
	Full
)

// String returns the kind in snake case, as logs and metrics show it.
func (k Kind) String() string {
	switch k {
	case Internal:
		return "internal"
	case NotFound:
		return "not_found"
	case Invalid:
		return "invalid"
	case Conflict:
		return "conflict"
	case Overloaded:
		return "overloaded"
	case Unavailable:
		return "unavailable"
	case Full:
		return "full"
	}
	return "unknown"
}

// Error is an error with a kind and the operation or field it belongs to.
type Error struct {
	Kind Kind
	Op   string
	Err  error
}

// Error returns the operation and the cause.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Op + ": " + e.Kind.String()
	}
	return e.Op + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Wrap gives err a kind and the operation it happened in. A nil err gives an error that consists of the kind alone.
func Wrap(kind Kind, op string, err error) error {
	return &Error{Kind: kind, Op: op, Err: err}
}

// KindOf returns the kind of the outermost [Error] in err's chain. A deadline that has passed is [Unavailable];
// anything else is [Internal].
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return Unavailable
	}
	return Internal
}

// Failure names the kind of an error in a word or two, and nothing for none: for places where the text of an error has no business.
func Failure(err error) string {
	if err == nil {
		return ""
	}
	return "failed: " + KindOf(err).String()
}
