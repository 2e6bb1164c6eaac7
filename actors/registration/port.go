package registration

import (
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// Store is where the actor keeps its record. Calls return at once; done is called once, from another goroutine, in the order
// of the calls for one user.
type Store interface {
	// Fence ends the right of every older incarnation to write this user's record and returns the record as it is after all
	// writes accepted before.
	Fence(from otp.Origin, key domain.Key, epoch uint64, done func(domain.Record, error))
	// Write replaces the record; an empty one is deleted. done gets nil only when the record is on disk. An older epoch than
	// the fenced one is refused with [domain.Conflict]; after any other error the outcome is unknown.
	Write(from otp.Origin, rec domain.Record, epoch uint64, done func(error))
	// Release says that the incarnation ended in order and will not write again.
	Release(from otp.Origin, key domain.Key, epoch uint64)
}

// Limits bound what one user may hold.
type Limits struct {
	// Bindings is the largest number of bindings; a further one displaces the oldest. At least 1.
	Bindings int
	// Remember is how long a removal is remembered: at least as long as a queue can hold a message.
	TombstoneTTL time.Duration
	// Expires is the longest lifetime that is believed; a longer one is cut to it.
	MaxExpires time.Duration
	// Grace is how long after its end a binding still counts as there when the phone comes back: such a registration is no first one.
	// What has ended is not shown meanwhile.
	Grace time.Duration
}

// DefaultLimits returns one binding, a day of memory for removals and 30 days as the longest lifetime.
func DefaultLimits() Limits {
	return Limits{Bindings: 1, TombstoneTTL: 24 * time.Hour, MaxExpires: 30 * 24 * time.Hour}
}

// Env is what every registration actor shares. It is immutable.
type Env struct {
	Store  Store
	Limits Limits
	// Now is the clock of the run, see [domain.RunClock].
	Now func() time.Time
	// Index is told the header of each committed record, on the actor's goroutine. It must not block.
	Index func(from otp.Origin, h domain.Header)
	// Notify is told what a commit has changed for the outside, on the actor's goroutine, once: a crash right after the commit
	// loses it. It must not block; nil is nobody.
	Notify func(from otp.Origin, e Event)
}

// Event is news about a user, true since a commit.
type Event struct {
	Kind EventKind
	// Binding is the binding that the news is about; Previous, of an overwrite, the one that it took the place of.
	Binding, Previous domain.Binding
	Key               domain.Key
}

// EventKind is what an [Event] says.
type EventKind uint8

// The events.
const (
	// CameUp: the user has a live binding and had none before.
	UserRegistered EventKind = iota
	// WentDown: a binding has ended: unregistered, flushed, or at its time (noticed at the next sweep).
	BindingEnded
	// Overwritten: a binding with another contact took the place of a live one.
	Overwritten
)
