package directory

import (
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/registration"
)

// Store is the part of the registrations file that the shards use, besides [registration.Store].
// Calls return at once; done is called once, from another goroutine.
type Store interface {
	registration.Store
	// Prime returns the headers of all users of a shard after all writes accepted before. From
	// then on it refuses writes for these users by incarnations older than epoch.
	Prime(from otp.Origin, shard, shards int, epoch uint64, done func([]domain.Header, error))
	// Due returns users whose header is due, at most limit, in key order from start on. A zero
	// next ends the pass. A page may be empty before the last.
	Due(from otp.Origin, start domain.Key, limit int, due func(domain.Header) bool, done func(keys []domain.Key, next domain.Key, err error))
	// Prune removes expired content from the committed records of users without an incarnation,
	// as decide says. It answers after the commit, and before any later write of these users is
	// answered. The answer holds the changed headers and the users with an incarnation, which are
	// unchanged.
	Prune(from otp.Origin, keys []domain.Key, decide func(domain.Record) (domain.Record, bool), done func(changed []domain.Header, owned []domain.Key, err error))
	// Get returns one user's committed record, and whether it exists.
	Get(from otp.Origin, key domain.Key, done func(domain.Record, bool, error))
}

// Credentials reads credentials. Calls return at once; done is called once, from another
// goroutine.
type Credentials interface {
	Lookup(from otp.Origin, key domain.Key, done func(domain.Credential, bool, error))
}

// UnprovisionedLimits limit the users that register without a credential here. Both a migration and
// a flood of invented names cause them. Every field is also a flag of registrar serve; min and max
// bound its value.
type UnprovisionedLimits struct {
	Total    int `name:"max-unprovisioned" min:"0" max:"1073741824" help:"Maximum number of registered users without credentials here."`
	PerRealm int `name:"max-unprovisioned-per-realm" min:"0" max:"1073741824" help:"Maximum number of registered users without credentials here, of one realm."`
}

// DefaultUnprovisionedLimits returns the limits of a registrar that is configured with nothing else.
func DefaultUnprovisionedLimits() UnprovisionedLimits {
	return UnprovisionedLimits{Total: 100_000, PerRealm: 10_000}
}

// Env is the configuration that all shards share. It is immutable.
type Env struct {
	Store Store
	// Credentials identifies unprovisioned users; with nil no user is one.
	Credentials   Credentials
	Unprovisioned UnprovisionedLimits
	Limits        registration.Limits
	// Now is the clock of the run.
	Now func() time.Time
	// Notify receives the events of commits, see [registration.Env].
	Notify func(from otp.Origin, e registration.Event)
	// Primed receives the headers of a primed shard before its first message; may be nil.
	Primed func([]domain.Header)
	// ExpiryInterval is the pause between two sweeps of the file. PruneBatch is the number of
	// users pruned in one step.
	ExpiryInterval time.Duration
	PruneBatch     int
	// PassivateAfter is the idle time after which a user's actor is passivated; zero means never.
	// MaxLive is the number of users' actors; beyond it an actor that has been idle for about the
	// longest time is passivated. Zero means no limit.
	PassivateAfter time.Duration
	MaxLive        int
	// Intensity, Period and CoolDown limit the crashes of one user's actor. After more than
	// Intensity crashes within Period it is stopped, and its user is refused for CoolDown.
	Intensity        int
	Period, CoolDown time.Duration
}
