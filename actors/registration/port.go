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

// Limits bound the record of one user. Every field is also a flag of registrar serve; min and max
// bound its value.
type Limits struct {
	Bindings     int           `min:"1" max:"100" help:"Maximum number of registrations of one user; a further one replaces the oldest."`
	MaxExpires   time.Duration `min:"1ms" help:"Longest lifetime of a registration; a longer one is cut to it."`
	Grace        time.Duration `min:"0s" help:"How long after its end a registration that comes back counts as a refresh and not as a first registration. An ended registration is never shown."`
	TombstoneTTL time.Duration `name:"tombstone-ttl" min:"1ms" help:"How long a removal is remembered, so that an older registration that arrives late does not undo it. It has to be as long as a queue can hold a message."`
}

// DefaultLimits returns the limits of a registrar that is configured with nothing else.
func DefaultLimits() Limits {
	return Limits{Bindings: 1, MaxExpires: 30 * 24 * time.Hour, TombstoneTTL: 24 * time.Hour}
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
