package supervisor

import (
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/directory"
	"registrar/actors/fault"
	"registrar/actors/otp"
	"registrar/actors/registration"
	"registrar/actors/trace"
	"registrar/amqpbridge"
	"registrar/amqpbridge/link"
	"registrar/persistence"
)

// Config is everything that a registrar runs with. Start with [DefaultConfig]: a zero field means
// zero, not a default.
//
// The struct tags are those of kong: a field with a help text is also a flag of registrar serve,
// and min and max bound its value. A new setting is a field with its tag here or in one of the
// embedded structs, and its default in [DefaultConfig].
type Config struct {
	// Data is the data directory, with two files, a lock and a control socket. It is created if it
	// does not exist.
	Data string `kong:"-"`
	// Link reaches the broker.
	Link link.Dialer `kong:"-"`
	// Log takes all log messages; the zero logger discards them.
	Log zerolog.Logger `kong:"-"`
	// Version is shown to peers as App-Version.
	Version string `kong:"-"`
	// Keys seal the secrets of credentials on disk; nil leaves them as they are.
	Keys *persistence.Keyring `kong:"-"`
	// Faults holds the faults that are armed, before and while the server runs. Nil refuses
	// faults, and refuses the control socket's kill of a process.
	Faults *fault.Set `kong:"-"`
	// Clock is the source of time.
	Clock otp.Clock `kong:"-"`

	Admin string `help:"Address of the admin server (/healthz, /readyz, /metrics); empty for none."`

	Bridge        amqpbridge.Settings           `embed:""`
	Limits        registration.Limits           `embed:"" group:"Limits"`
	Unprovisioned directory.UnprovisionedLimits `embed:"" group:"Limits"`

	MaxCache       int           `group:"Limits" min:"1" max:"1073741824" help:"Maximum number of cached credentials of one realm."`
	PassivateAfter time.Duration `group:"Limits" min:"0s" help:"Idle time after which a user's actor is passivated; 0s for never."`
	MaxLive        int           `group:"Limits" min:"0" max:"1073741824" help:"Approximate maximum number of users' actors; beyond it the longest idle is passivated. 0 for no limit."`
	MaxStore       int64         `group:"Limits" min:"0" max:"4294967296" help:"Maximum size of each file of the store, in MiB; 0 for no limit but the disk."`
	MaxTrace       int           `group:"Limits" min:"0" max:"16777216" help:"Approximate number of events that the recorder keeps; 0 records nothing."`
	ExpiryInterval time.Duration `group:"Limits" min:"1ms" help:"Interval at which ended registrations are removed from the file."`
}

// DefaultConfig returns the configuration of a registrar that is told nothing else. Data and Link
// are left to the caller.
func DefaultConfig() Config {
	return Config{
		Version: "devel",
		Clock:   otp.SystemClock(),
		Admin:   "127.0.0.1:7070",

		Bridge:        amqpbridge.DefaultSettings(),
		Limits:        registration.DefaultLimits(),
		Unprovisioned: directory.DefaultUnprovisionedLimits(),

		MaxCache:       100_000,
		PassivateAfter: 10 * time.Minute,
		MaxTrace:       trace.DefaultEvents,
		ExpiryInterval: time.Minute,
	}
}
