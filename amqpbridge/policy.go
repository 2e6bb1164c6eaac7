package amqpbridge

import (
	"errors"
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/amqpbridge/wire"
)

// Policy says what becomes of a delivery whose work has failed. The kind of the error alone decides, with the number of tries
// and the age of the delivery.
type Policy struct {
	// Budget is how long after its arrival a question is worth an answer; zero for work that is never dropped.
	Budget time.Duration
	// Crashes is how often a delivery may crash the actor that works on it before it is parked as poison.
	Crashes int
}

// action is what to do about a failure.
type action uint8

const (
	tryAgain action = iota
	drop
	parkMalformed
	parkPoison
	parkFull // decided by the flow: see [Flow.mayWait]
)

// String names the action for the log.
func (a action) String() string {
	switch a {
	case tryAgain:
		return "try_again"
	case drop:
		return "drop"
	case parkMalformed:
		return "park_malformed"
	case parkPoison:
		return "park_poison"
	case parkFull:
		return "park_full"
	}
	return "unknown"
}

// verdict is an action, how long to wait before it, and the name it is counted under.
type decision struct {
	do    action
	after time.Duration
	name  string
}

const (
	crashRetry = 5 * time.Millisecond
	firstRetry = 20 * time.Millisecond
	lastRetry  = time.Second
)

// decide is pure: error, tries and crashes so far, age → what to do.
func (p Policy) decide(err error, tries, crashes int, age time.Duration) decision {
	var malformed *wire.Error
	switch {
	case errors.As(err, &malformed):
		return decision{do: parkMalformed, name: "malformed_" + string(malformed.Reason)}
	case domain.KindOf(err) == domain.Invalid:
		return decision{do: parkMalformed, name: "malformed_invalid"}
	case p.Budget > 0 && age >= p.Budget:
		return decision{do: drop, name: "late"}
	case errors.Is(err, otp.ErrCrashed) && crashes+1 >= p.Crashes:
		if p.Budget > 0 {
			return decision{do: drop, name: "crashed"}
		}
		return decision{do: parkPoison, name: "poison"}
	case errors.Is(err, otp.ErrCrashed):
		return decision{do: tryAgain, after: crashRetry}
	}
	// Something is not there now: a process that restarts, a store that reopens. That is no fault of the delivery.
	return decision{do: tryAgain, after: min(firstRetry<<min(tries, 6), lastRetry)}
}
