package credential

import (
	"sync/atomic"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// Message is what the actor of a realm understands.
type Message interface{ credentialMessage() }

// Lookup asks for one user's credential.
type Lookup struct {
	otp.From[Found]
	Key domain.Key
}

// Found answers a [Lookup]. OK is false when the user has no usable credential.
type Found struct {
	Credential domain.Credential
	OK         bool
	// Memo is where whoever asks may keep what it makes of the credential; nil when there is no such place.
	Memo *Memo
}

// Memo is a place for what is made of a credential again and again. It lives as long as the credential is cached, and is safe for use by many
// goroutines. What is in it is as secret as the credential.
type Memo struct{ value atomic.Pointer[any] }

// Load returns what was stored last, nil for nothing.
func (m *Memo) Load() any {
	if m == nil {
		return nil
	}
	if p := m.value.Load(); p != nil {
		return *p
	}
	return nil
}

// Store keeps something until the credential leaves the cache.
func (m *Memo) Store(v any) {
	if m != nil {
		m.value.Store(&v)
	}
}

// String returns nothing of what is in it.
func (*Memo) String() string { return "memo" }

// Changed says that the file has new content for these users of the realm: what is cached of them is dropped.
type Changed struct {
	otp.From[Dropped]
	Users []domain.User
	// All means every user of the realm.
	All bool
}

// Dropped answers a [Changed].
type Dropped struct{}

// read is the store's answer to a question.
type read struct {
	user       domain.User
	generation uint64
	found      Found
	err        error
}

func (Lookup) credentialMessage()  {}
func (Changed) credentialMessage() {}
func (read) credentialMessage()    {}

// RealmsMessage is what the [Realms] actor understands.
type RealmsMessage interface{ realmsMessage() }

// Ask carries a lookup to the actor of its realm. The lookup's place for an answer is the message's.
type Ask struct{ Lookup }

// Update says that the credentials of these users were written or deleted. It is answered when no realm answers with an old
// one any more.
type Update struct {
	otp.From[Dropped]
	Keys []domain.Key
}

// Forget drops what is cached of a user, or of a whole realm when User is empty (reg_flush). It is answered when that is done; the next
// question reads the store.
type Flush struct {
	otp.From[Dropped]
	Realm domain.Realm
	User  domain.User
}

// counted is the store's answer to how many credentials each realm has.
type counted struct {
	realms map[domain.Realm]int
	err    error
	update Update
}

// dropped says that one realm has dropped what an update named, or why it has not said so.
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
