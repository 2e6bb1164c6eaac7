package directory

import (
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/registration"
)

// Message is what a shard understands.
type Message interface{ directoryMessage() }

// Deliver carries a request to the actor of its user. The request's place for an answer is the message's.
type Deliver struct{ registration.Request }

// Count asks how many live bindings there are. It is answered from the index.
type Count struct {
	otp.From[Counted]
	// Realm is the realm; empty means every one.
	Realm domain.Realm
}

// Counted answers a [Count] for one shard.
type Counted struct{ N int }

// FlushRealm removes every binding of every user of a realm (reg_flush without Username), as [registration.Flush] does for one.
// It is answered when all of it is on disk, with an error when that could not be said of one user.
type FlushRealm struct {
	otp.From[Flushed]
	Realm  domain.Realm
	Stamp  domain.Stamp
	Digest domain.Digest
}

// Flushed answers a [FlushRealm] for one shard: how many users had something removed.
type Flushed struct{ N int }

// indexed is the news from a user's actor that its committed record has this header.
type indexed struct{ header domain.Header }

// pruneLive says that something of a user with an actor has ended: the actor is to take it out.
type pruneLive struct{ key domain.Key }

// reread is the store's answer about a user whose actor was stopped for crashing too often.
type recordReloaded struct {
	key    domain.Key
	record domain.Record
	err    error
}

// looked is the answer to whether a user has credentials.
type credentialChecked struct {
	key           domain.Key
	unprovisioned bool
}

// flushedUser is the end of the work on one user of a realm.
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
