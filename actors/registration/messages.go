package registration

import (
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// Message is a message to the actor of a user.
type Message interface{ registrationMessage() }

// Request is an external message for one user that expects an answer.
type Request interface {
	Message
	otp.Request
	// AOR returns the user that the request is for.
	AOR() domain.Key
	// Refuse fails the request without passing it to an actor.
	Refuse(err error)
}

// Register reports that a phone has registered (reg_success). It adds a binding or refreshes the
// one with the same ID.
type Register struct {
	otp.From[Outcome]
	Key     domain.Key
	Contact string
	ID      domain.CacheID
	// Expires is the granted lifetime, counted from the event. Age is the time that the message
	// spent in transit. The deadline is arrival − Age + Expires.
	Expires, Age time.Duration
	Stamp        domain.Stamp
	Digest       domain.Digest
	Doc          domain.Document
	domain.Flow
	// Replay marks another registrar's answer to reg_sync: it never overrides a known registration.
	Replay bool
	// Unprovisioned is set when the user has no credential here.
	Unprovisioned bool
	// Redelivered is the broker's flag. It does not prove a duplicate, but it decides a tie.
	Redelivered bool
}

// Unregister reports that a phone has unregistered, or that its proxy saw the binding expire. It
// removes only the binding that it names: by contact and, where both sides have them, Call-ID and
// Proxy-Path.
type Unregister struct {
	otp.From[Outcome]
	Key domain.Key
	// Contact is the cleaned contact. Its lifetime is ignored.
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

// Query requests the live bindings (reg_query).
type Query struct {
	otp.From[Answer]
	Key domain.Key
}

// Prune asks the actor to remove expired bindings and tombstones from its record. It has no
// answer.
type Prune struct{}

// Outcome is the result of a request that can change the record.
type Outcome struct {
	Result Result
	// First is set on a registration when no earlier binding was live or within the grace period.
	First bool
	// Previous are the live bindings that the request replaced or removed.
	Previous []domain.Binding
	// Expired are the bindings that had expired before and that the request removed.
	Expired []domain.Binding
}

// Answer holds the live bindings of a user, newest first.
type Answer struct{ Bindings []domain.Binding }

// Result is the kind of an [Outcome].
type Result uint8

// The results. All of them are final: the message needs no retry.
const (
	// NotRegistered means that there was no binding to remove.
	NotRegistered Result = iota
	// Registered means a new binding.
	Registered
	// Refreshed means a new document and deadline for a known binding.
	Refreshed
	// Removed means that at least one binding was removed.
	Removed
	// Duplicate means that this message had been applied before.
	Duplicate
	// Stale means that the message is older than the record.
	Stale
	// AlreadyExpired means that the registration expired before it arrived.
	AlreadyExpired
	// RefusedUnprovisioned means that the user has no credential and the limit of such users is
	// reached.
	RefusedUnprovisioned
)

// String returns the result in snake case, as in metrics and logs.
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

// AOR returns the registered user.
func (m Register) AOR() domain.Key { return m.Key }

// AOR returns the unregistered user.
func (m Unregister) AOR() domain.Key { return m.Key }

// AOR returns the user to flush.
func (m Flush) AOR() domain.Key { return m.Key }

// AOR returns the queried user.
func (m Query) AOR() domain.Key { return m.Key }

// Refuse fails the request.
func (m Register) Refuse(err error) { m.Fail(err) }

// Refuse fails the request.
func (m Unregister) Refuse(err error) { m.Fail(err) }

// Refuse fails the request.
func (m Flush) Refuse(err error) { m.Fail(err) }

// Refuse fails the request.
func (m Query) Refuse(err error) { m.Fail(err) }
