package registration

import (
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// Message is what the actor of a user understands.
type Message interface{ registrationMessage() }

// Request is a message that comes from outside for one user and waits for an answer.
type Request interface {
	Message
	otp.Request
	// AOR is the user whose actor the request is for.
	AOR() domain.Key
	// Refuse answers with an error in the actor's stead.
	Refuse(err error)
}

// Register says that a phone has registered (reg_success): it adds a binding or refreshes the one with the same ID.
type Register struct {
	otp.From[Outcome]
	Key     domain.Key
	Contact string
	ID      domain.CacheID
	// Expires is the granted lifetime, counted from the event; Age is how long the message was under way, as far as the
	// sender's clock tells. The deadline is arrival − Age + Expires.
	Expires, Age time.Duration
	Stamp        domain.Stamp
	Digest       domain.Digest
	Doc          domain.Document
	domain.Flow
	// Replay marks another registrar's answer to reg_sync: it never beats what is known here.
	Replay bool
	// Guest says that the user has no credentials here.
	Unprovisioned bool
	// Redelivered is the broker's flag: not a proof of a duplicate, but it decides a tie.
	Redelivered bool
}

// Unregister says that a phone has gone, or that its proxy saw the binding expire. It removes only the binding that it
// names: the contact and, where both sides have them, Call-ID and Proxy-Path.
type Unregister struct {
	otp.From[Outcome]
	Key domain.Key
	// Contact is the cleaned contact; its lifetime does not count.
	Contact string
	Stamp   domain.Stamp
	Digest  domain.Digest
	domain.Flow
}

// Flush removes every binding of the user (reg_flush).
type Flush struct {
	otp.From[Outcome]
	Key    domain.Key
	Stamp  domain.Stamp
	Digest domain.Digest
}

// Query asks for the bindings that have not ended (reg_query).
type Query struct {
	otp.From[Answer]
	Key domain.Key
}

// Prune asks the actor to take what has ended out of its record. It has no answer.
type Prune struct{}

// Outcome says what became of a request that could change the record.
type Outcome struct {
	Result Result
	// First is set on a registration when no binding was there before it, live or within the grace.
	First bool
	// Previous are the live bindings that the request replaced or removed.
	Previous []domain.Binding
	// Ended are the bindings that had ended before, which the request has swept away.
	Expired []domain.Binding
}

// Answer holds the live bindings of a user, newest first. Empty means that there is none.
type Answer struct{ Bindings []domain.Binding }

// Result is the kind of an [Outcome].
type Result uint8

// The results. All of them are final: the message is done with.
const (
	// Nothing means that there was nothing to remove.
	NotRegistered Result = iota
	// Registered means a new binding.
	Registered
	// Refreshed means that a known binding has a new document and deadline.
	Refreshed
	// Removed means that at least one binding was removed.
	Removed
	// Duplicate means that this very message had been applied before.
	Duplicate
	// Stale means that the message is older than what is known.
	Stale
	// Ended means that the registration was over before it arrived.
	AlreadyExpired
	// Refused means that the user has no credentials and that there are too many such users already.
	RefusedUnprovisioned
)

// String returns the result in snake case, as metrics and logs show it.
func (r Result) String() string {
	names := [...]string{"not_registered", "registered", "refreshed", "removed", "duplicate", "stale", "already_expired", "refused_unprovisioned"}
	if int(r) < len(names) {
		return names[r]
	}
	return "unknown"
}

// loaded is the store's answer to the fence of this incarnation.
type loaded struct {
	record domain.Record
	err    error
}

// committed is the store's answer to the write in flight.
type committed struct {
	record *domain.Record
	err    error
}

func (Register) registrationMessage()   {}
func (Unregister) registrationMessage() {}
func (Flush) registrationMessage()      {}
func (Query) registrationMessage()      {}
func (Prune) registrationMessage()      {}
func (loaded) registrationMessage()     {}
func (committed) registrationMessage()  {}

// AOR returns the user that has registered.
func (m Register) AOR() domain.Key { return m.Key }

// AOR returns the user that has gone.
func (m Unregister) AOR() domain.Key { return m.Key }

// AOR returns the user to flush.
func (m Flush) AOR() domain.Key { return m.Key }

// AOR returns the user that is asked for.
func (m Query) AOR() domain.Key { return m.Key }

// Refuse answers with an error.
func (m Register) Refuse(err error) { m.Fail(err) }

// Refuse answers with an error.
func (m Unregister) Refuse(err error) { m.Fail(err) }

// Refuse answers with an error.
func (m Flush) Refuse(err error) { m.Fail(err) }

// Refuse answers with an error.
func (m Query) Refuse(err error) { m.Fail(err) }
