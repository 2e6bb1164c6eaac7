package directory

import (
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/registration"
)

// Store is what the shards need of the registrations file besides what the users' actors need. Calls return at once; done is
// called once, from another goroutine.
type Store interface {
	registration.Store
	// Prime returns the headers of all users of a shard after all writes accepted before, and refuses from then on what
	// incarnations older than epoch write for these users.
	Prime(from otp.Origin, shard, shards int, epoch uint64, done func([]domain.Header, error))
	// Due answers users whose header is due, at most limit, in key order from a key on; a zero Next is the end. A page may be empty and not the last.
	Due(from otp.Origin, start domain.Key, limit int, due func(domain.Header) bool, done func(keys []domain.Key, next domain.Key, err error))
	// Prune has decide take what has ended out of the committed records of users without an incarnation, and answers after the commit, before
	// any later write of these users is answered: the headers of what was changed, and the users that have an incarnation, which were left alone.
	Prune(from otp.Origin, keys []domain.Key, decide func(domain.Record) (domain.Record, bool), done func(changed []domain.Header, owned []domain.Key, err error))
	// Get returns one user's committed record, and whether there is one.
	Get(from otp.Origin, key domain.Key, done func(domain.Record, bool, error))
}

// Credentials says whether a user has credentials here. Calls return at once; done is called once, from another goroutine.
type Credentials interface {
	Lookup(from otp.Origin, key domain.Key, done func(domain.Credential, bool, error))
}

// GuestLimits bound the users that register without having credentials here: a migration has them, a flood of made-up names as well.
type UnprovisionedLimits struct {
	// Realm and All are the most of one realm, and of all realms together; none below 1.
	PerRealm, Total int
}

// Env is what the shards share. It is immutable.
type Env struct {
	Store Store
	// Credentials tells guests from others; nil means that nobody is one.
	Credentials   Credentials
	Unprovisioned UnprovisionedLimits
	Limits        registration.Limits
	// Now is the clock of the run.
	Now func() time.Time
	// Notify is told what commits have changed, see [registration.Env].
	Notify func(from otp.Origin, e registration.Event)
	// Primed is told the headers that a shard has found in the file, before it takes its first message. Nil is nobody.
	Primed func([]domain.Header)
	// Sweep is how often the file is gone through for what has ended; SweepMost is how many users are pruned in one go.
	ExpiryInterval time.Duration
	PruneBatch     int
	// Idle is how long a user's actor may have nothing to do before it is put away; zero is for ever. Live is how many users' actors there may be:
	// one more has the one put away that has been idle for about the longest; zero is no limit.
	PassivateAfter time.Duration
	MaxLive        int
	// Intensity, Period and CoolDown bound the crashes of one user's actor: after more than Intensity within Period it is
	// stopped and refused until CoolDown has passed.
	Intensity        int
	Period, CoolDown time.Duration
}
