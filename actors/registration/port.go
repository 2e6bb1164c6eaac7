package registration

import (
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// Store keeps the actor's record. Calls return at once; done is called once, from another
// goroutine, in the order of the calls for one user.
type Store interface {
	// Fence revokes every older incarnation's right to write this user's record. It returns the
	// record after all writes accepted before.
	Fence(from otp.Origin, key domain.Key, epoch uint64, done func(domain.Record, error))
	// Write replaces the record; an empty one is deleted. done gets nil only when the record is
	// on disk. A write of an older epoch is refused with [domain.Conflict]. After any other error
	// the outcome is unknown.
	Write(from otp.Origin, rec domain.Record, epoch uint64, done func(error))
	// Release reports that the incarnation ended normally and writes no more.
	Release(from otp.Origin, key domain.Key, epoch uint64)
}

// Limits limit the record of one user.
type Limits struct {
	// Bindings is the maximum number of bindings, at least 1. A further one displaces the oldest.
	Bindings int
	// TombstoneTTL is the lifetime of a tombstone: at least the time that a queue can hold a
	// message.
	TombstoneTTL time.Duration
	// MaxExpires is the longest accepted lifetime; longer ones are cut to it.
	MaxExpires time.Duration
	// Grace is the time after its end in which a returning binding does not count as a first
	// registration. Expired bindings are not shown during it.
	Grace time.Duration
}

// DefaultLimits returns one binding, tombstones for a day, and lifetimes of at most 30 days.
func DefaultLimits() Limits {
	return Limits{Bindings: 1, TombstoneTTL: 24 * time.Hour, MaxExpires: 30 * 24 * time.Hour}
}

// Env is the configuration that all registration actors share. It is immutable.
type Env struct {
	Store  Store
	Limits Limits
	// Now is the clock of the run, see [domain.RunClock].
	Now func() time.Time
	// Index receives the header of each committed record, on the actor's goroutine. It must not
	// block.
	Index func(from otp.Origin, h domain.Header)
	// Notify receives the events of a commit once, on the actor's goroutine. A crash right after
	// the commit loses them. It must not block; nil disables events.
	Notify func(from otp.Origin, e Event)
}

// Event is a committed change of a user's registrations.
type Event struct {
	Kind EventKind
	// Binding is the changed binding; Previous is the one that it replaced, for [Overwritten]
	// only.
	Binding, Previous domain.Binding
	Key               domain.Key
}

// EventKind is the kind of an [Event].
type EventKind uint8

// The kinds of events.
const (
	// UserRegistered means that the user has a live binding and had none before.
	UserRegistered EventKind = iota
	// BindingEnded means that a binding was unregistered or flushed, or that it expired. The next
	// sweep notices an expiry.
	BindingEnded
	// Overwritten means that a binding with another contact replaced a live one.
	Overwritten
)
