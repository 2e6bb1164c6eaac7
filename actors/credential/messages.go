package credential

import (
	"sync/atomic"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// Message is a message to the actor of a realm.
type Message interface{ credentialMessage() }

// Lookup requests the credential of one user.
type Lookup struct {
	otp.From[Found]
	Key domain.Key
}

// Found answers a [Lookup]. OK is false when the user has no credential or a disabled one.
type Found struct {
	Credential domain.Credential
	OK         bool
	// Memo caches a value that the caller derives from the credential; nil when there is no place
	// for one.
	Memo *Memo
}

// Memo caches a value derived from a credential. It lives as long as the credential is cached and
// is safe for concurrent use. Its content is as secret as the credential.
type Memo struct{ value atomic.Pointer[any] }

// Load returns the stored value, or nil.
func (m *Memo) Load() any {
	if m == nil {
		return nil
	}
	if p := m.value.Load(); p != nil {
		return *p
	}
	return nil
}

// Store keeps v until the credential leaves the cache.
func (m *Memo) Store(v any) {
	if m != nil {
		m.value.Store(&v)
	}
}

// String returns a fixed word, not the content.
func (*Memo) String() string { return "memo" }

// Changed invalidates cached credentials of users of the realm after a change of the file.
type Changed struct {
	otp.From[Dropped]
	Users []domain.User
	// All selects every user of the realm.
	All bool
}

// Dropped answers a [Changed], [Update] or [Flush].
type Dropped struct{}

// read is the store's answer to a [Lookup].
type read struct {
	user       domain.User
	generation uint64
	found      Found
	err        error
}

func (Lookup) credentialMessage()  {}
func (Changed) credentialMessage() {}
func (read) credentialMessage()    {}

// RealmsMessage is a message to the [Realms] actor.
type RealmsMessage interface{ realmsMessage() }

// Ask carries a lookup to the actor of its realm. The lookup's reply slot is also that of the
// Ask.
type Ask struct{ Lookup }

// Update reports that the credentials of these users were written or deleted. It is answered when
// no realm returns an old credential any more.
type Update struct {
	otp.From[Dropped]
	Keys []domain.Key
}

// Flush drops the cached credentials of a user, or of a whole realm when User is empty
// (reg_flush). It is answered when that is done. The next lookup reads the store.
type Flush struct {
	otp.From[Dropped]
	Realm domain.Realm
	User  domain.User
}

// counted is the number of credentials of each realm, read for an [Update].
type counted struct {
	realms map[domain.Realm]int
	err    error
	update Update
}

// dropped is the answer of one realm to a pending update, or its failure.
type dropped struct {
	update *pendingUpdate
	realm  domain.Realm
	users  []domain.User
	err    error
}

func (Ask) realmsMessage()     {}
func (Update) realmsMessage()  {}
func (Flush) realmsMessage()   {}
func (counted) realmsMessage() {}
func (dropped) realmsMessage() {}
