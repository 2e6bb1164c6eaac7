package domain

import (
	"context"
	"errors"
)

// Kind classifies an error. The kind alone decides whether the bridge acknowledges, requeues,
// parks or refuses.
type Kind uint8

// The kinds of error.
const (
	// Internal is a violated invariant of the registrar. Another incarnation may retry the work.
	Internal Kind = iota
	// NotFound is a user, realm or registration that does not exist.
	NotFound
	// Invalid is input that no retry makes acceptable.
	Invalid
	// Conflict is superseded work, such as a write of an older incarnation.
	Conflict
	// Overloaded is work refused because a limit is reached. It may be retried later.
	Overloaded
	// Unavailable is a missing dependency, such as a store that reopens.
	Unavailable
	// Full is data that exceeds the space of its store. It may be retried after other data was
	// removed.
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

// Error is an error with a kind and the operation or field that it concerns.
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

// Wrap adds a kind and an operation to err. With a nil err the kind is the whole error.
func Wrap(kind Kind, op string, err error) error {
	return &Error{Kind: kind, Op: op, Err: err}
}

// KindOf returns the kind of the outermost [Error] in err's chain. Expired and cancelled contexts
// are [Unavailable]; any other error is [Internal].
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return Unavailable
	}
	return Internal
}

// Failure returns "failed: " and the kind of err, or "" for nil. It is for places that must not
// show error texts.
func Failure(err error) string {
	if err == nil {
		return ""
	}
	return "failed: " + KindOf(err).String()
}
