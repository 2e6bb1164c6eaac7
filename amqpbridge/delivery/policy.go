package delivery

import (
	"time"

	"registrar/actors/domain"
)

// Policy decides about a delivery after its work has failed. The kind of the error decides,
// with the number of tries and the age of the delivery.
type Policy struct {
	// ReplyDeadline is how long after its arrival a request is worth an answer. Zero is for work
	// that is never dropped.
	ReplyDeadline time.Duration
	// MaxCrashes is how often a delivery may crash an actor before it is parked as poison, or
	// dropped.
	MaxCrashes int
}

// Failure describes the failed work on a delivery.
type Failure struct {
	Kind domain.Kind
	// Reason says in snake case why a message cannot be used; it is empty for other failures.
	Reason string
	// Crashed says that the delivery crashed its actor.
	Crashed bool
	// Tries and Crashes count earlier tries, and the crashes among them.
	Tries, Crashes int
	// Age is the time since the arrival.
	Age time.Duration
	// NoRoom says that no further delivery may wait here for space in the store.
	NoRoom bool
}

// Action is a way to go on after a failure.
type Action uint8

// The actions.
const (
	// Retry tries again.
	Retry Action = iota
	// Drop acknowledges the delivery without an effect.
	Drop
	// ParkMalformed moves a message that cannot be used to the queue for malformed ones.
	ParkMalformed
	// ParkPoison moves a message that keeps crashing its actor to the queue for poison.
	ParkPoison
	// ParkFull moves a message for which there is no space to the queue for poison.
	ParkFull
)

// String returns the action in snake case.
func (a Action) String() string {
	switch a {
	case Retry:
		return "retry"
	case Drop:
		return "drop"
	case ParkMalformed:
		return "park_malformed"
	case ParkPoison:
		return "park_poison"
	case ParkFull:
		return "park_full"
	}
	return "unknown"
}

// Decision is an action, the delay before a retry, and the outcome of a delivery that ends.
type Decision struct {
	Action  Action
	After   time.Duration
	Outcome string
}

// Delays before a retry. The delay doubles from firstRetry to maxRetry. After a crash the delay
// is short, because the supervisor restarts the actor at once.
const (
	crashRetry = 5 * time.Millisecond
	firstRetry = 20 * time.Millisecond
	maxRetry   = time.Second
)

// Decide decides about a failure. It is pure.
func (p Policy) Decide(f Failure) Decision {
	switch {
	case f.Reason != "":
		return Decision{Action: ParkMalformed, Outcome: "malformed_" + f.Reason}
	case f.Kind == domain.Invalid:
		return Decision{Action: ParkMalformed, Outcome: "malformed_invalid"}
	case p.ReplyDeadline > 0 && f.Age >= p.ReplyDeadline:
		return Decision{Action: Drop, Outcome: "deadline_exceeded"}
	case f.Crashed && f.Crashes+1 >= p.MaxCrashes:
		if p.ReplyDeadline > 0 {
			return Decision{Action: Drop, Outcome: "crashed"}
		}
		return Decision{Action: ParkPoison, Outcome: "poison"}
	case f.Crashed:
		return Decision{Action: Retry, After: crashRetry}
	case f.Kind == domain.Full && f.NoRoom:
		return Decision{Action: ParkFull, Outcome: "store_full"}
	}
	// A process restarts or a store reopens: the delivery is not at fault, and no number of
	// tries ends it.
	const maxShift = 6
	return Decision{Action: Retry, After: min(firstRetry<<min(f.Tries, maxShift), maxRetry)}
}
