package credential

import (
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// Store is where credentials are kept. Calls return at once; done is called once, from another goroutine.
type Store interface {
	// Lookup reads one user's credential, and whether there is one, as of a time after the call.
	Lookup(from otp.Origin, key domain.Key, done func(domain.Credential, bool, error))
	// Realms counts the credentials of each realm.
	Realms(from otp.Origin, done func(map[domain.Realm]int, error))
}

// Env is what the realms' actors share. It is immutable.
type Env struct {
	Store Store
	// CacheMost is how many credentials one realm's actor keeps; beyond it, any one makes room.
	MaxCache int
	// Intensity, Period and CoolDown bound the crashes of one realm's actor: after more than Intensity within Period it is
	// stopped and refused until CoolDown has passed.
	Intensity        int
	Period, CoolDown time.Duration
}
