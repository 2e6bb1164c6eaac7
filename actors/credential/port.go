package credential

import (
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// Store reads credentials. Calls return at once; done is called once, from another goroutine.
type Store interface {
	// Lookup reads one user's credential, as of a time after the call. The boolean reports
	// whether it exists.
	Lookup(from otp.Origin, key domain.Key, done func(domain.Credential, bool, error))
	// Realms counts the credentials of each realm.
	Realms(from otp.Origin, done func(map[domain.Realm]int, error))
}

// Env is the configuration that all realm actors share. It is immutable.
type Env struct {
	Store Store
	// MaxCache is the number of credentials that one realm's actor caches. Beyond it a random one
	// is evicted.
	MaxCache int
	// Intensity, Period and CoolDown limit the crashes of one realm's actor. After more than
	// Intensity crashes within Period it is stopped, and its realm is refused for CoolDown.
	Intensity        int
	Period, CoolDown time.Duration
}
