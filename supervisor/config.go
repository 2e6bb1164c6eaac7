package supervisor

import (
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/directory"
	"registrar/actors/fault"
	"registrar/actors/otp"
	"registrar/actors/registration"
	"registrar/amqpbridge"
	"registrar/amqpbridge/link"
	"registrar/persistence"
)

// Config is what a registrar needs to run. The zero value of every field but Data and AMQP (or Link) is usable.
type Config struct {
	// Data is the data directory: two files, a lock, a control socket. It is made when it is not there.
	Data string
	// AMQP lists the URLs of the broker, tried in turn.
	AMQP []string
	// Link is used in place of AMQP when it is set: an in-memory broker, for the demo and for tests.
	Link link.Dialer
	// Admin is the address of the admin server; empty means none.
	Admin string
	// Log is where everything is said; a zero logger says nothing.
	Log zerolog.Logger
	// Version is shown to peers as App-Version.
	Version string
	// Bridge names queues and settings of the bridge; see [amqpbridge.DefaultSettings].
	Bridge amqpbridge.Settings
	// Limits bound what one user may hold; see [registration.DefaultLimits].
	Limits registration.Limits
	// Guests bound the registrations of users without credentials; both zero means 10,000 in a realm and 100,000 in all.
	Unprovisioned directory.UnprovisionedLimits
	// CacheMost is how many credentials are cached a realm; zero means 100,000.
	MaxCache int
	// Sweep is how often ended registrations are looked for; zero means a minute.
	ExpiryInterval time.Duration
	// Idle is how long a user's actor may have nothing to do before it is put away; zero means ten minutes, negative never.
	PassivateAfter time.Duration
	// LiveMost is about how many users' actors there are at most; zero means no limit.
	MaxLive int
	// TraceEvents is how many events the recorder keeps, about; zero means 65,536, negative that nothing is recorded.
	MaxTrace int
	// Keys seal the secrets of credentials on disk; nil leaves them as they are.
	Keys *persistence.Keyring
	// StoreMost is how large each file of the store may grow, in bytes; zero is as large as the disk allows.
	MaxStore int64
	// Faults holds faults that may be armed, before and while the server runs; nil allows none, nor a process to be killed through the control socket.
	Faults *fault.Set
	// Clock is the source of time; nil is the system's.
	Clock otp.Clock
	// NoSync leaves out fsync. It exists for the crash test's negative control: what is acknowledged is not safe.
	NoSync bool
}
