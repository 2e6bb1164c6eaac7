package directory

import (
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/registration"
)

// Message is a message to a shard.
type Message interface{ directoryMessage() }

// Deliver carries a request to the actor of its user. The request's reply slot is also that of
// the Deliver.
type Deliver struct{ registration.Request }

// Count requests the number of live bindings. It is answered from the index.
type Count struct {
	otp.From[Counted]
	// Realm selects a realm; empty selects all.
	Realm domain.Realm
}

// Counted answers a [Count] for one shard.
type Counted struct{ N int }

// FlushRealm removes every binding of every user of a realm (reg_flush without Username), as
// [registration.Flush] does for one user. It is answered when all removals are on disk, and with
// an error when one failed.
type FlushRealm struct {
	otp.From[Flushed]
	Realm  domain.Realm
	Stamp  domain.Stamp
	Digest domain.Digest
}

// Flushed answers a [FlushRealm] for one shard: the number of users with removed bindings.
type Flushed struct{ N int }

// indexed reports the header of a user's committed record.
type indexed struct{ header domain.Header }

// pruneLive asks the actor of a user to remove expired content.
type pruneLive struct{ key domain.Key }

// recordReloaded is the store's answer about a user whose actor was stopped after too many
// crashes.
type recordReloaded struct {
	key    domain.Key
	record domain.Record
	err    error
}

// credentialChecked reports whether a user has a credential.
type credentialChecked struct {
	key           domain.Key
	unprovisioned bool
}

// flushedUser is the result for one user of a [FlushRealm].
type flushedUser struct {
	flush *realmFlush
	out   registration.Outcome
	err   error
}

func (Deliver) directoryMessage()           {}
func (Count) directoryMessage()             {}
func (FlushRealm) directoryMessage()        {}
func (indexed) directoryMessage()           {}
func (pruneLive) directoryMessage()         {}
func (recordReloaded) directoryMessage()    {}
func (credentialChecked) directoryMessage() {}
func (flushedUser) directoryMessage()       {}
