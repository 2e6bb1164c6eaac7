package supervisor

import (
	"os"
	"sync/atomic"
	"time"

	"registrar/actors/credential"
	"registrar/actors/directory"
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/trace"
	"registrar/amqpbridge"
	"registrar/amqpbridge/wire"
	"registrar/persistence"
	"registrar/supervisor/console"
)

// components holds everything that one registrar is made of, and the addresses of its processes.
type components struct {
	cfg   Config
	sys   *otp.System
	clock *domain.RunClock

	credentials   *persistence.Credentials
	registrations *persistence.Registrations
	realms        *otp.Ref[credential.RealmsMessage]
	users         *directory.Users
	bridge        *amqpbridge.Bridge
	primed        func([]domain.Header)
	restarts      atomic.Uint64

	recorder     *trace.Recorder
	crashReports *otp.Ref[console.CrashReportsMessage]
}

// An actor of a user or a realm that crashes more than actorCrashes times within actorPeriod is
// stopped for actorCoolDown.
const (
	actorCrashes  = 10
	actorPeriod   = 10 * time.Second
	actorCoolDown = 5 * time.Second
)

// crashReportsWaiting is the queue bound of the process that writes crash reports.
const crashReportsWaiting = 100

// crashReportsKept is the number of crash reports in the journal.
const crashReportsKept = 100

func (c *components) newCrashReports() otp.Behaviour[console.CrashReportsMessage] {
	return console.NewCrashReports(func() (console.Journal, error) {
		return persistence.OpenJournal(persistence.Options{Dir: c.cfg.Data, Log: c.cfg.Log}, crashReportsKept)
	}, c.recorder)
}

// assemble creates the components. No process runs yet; boot is the number of this start.
func assemble(cfg Config, boot uint32) *components {
	clock := cfg.Clock
	c := &components{cfg: cfg, clock: domain.NewRunClock(clock.Now(), clock.Mono)}
	if cfg.MaxTrace > 0 {
		c.recorder = trace.New(cfg.MaxTrace, clock.Now(), clock.Mono())
	}
	c.sys = otp.NewSystem(otp.WithLogger(cfg.Log), otp.WithClock(clock), otp.WithBoot(boot), otp.WithRecorder(c.recorder), otp.WithFaults(cfg.Faults))
	c.crashReports = otp.NewRef[console.CrashReportsMessage](c.sys, "observe/crashes", otp.WithBound(crashReportsWaiting))
	c.sys.Subscribe(func(rep otp.Report) {
		if rep.Kind == otp.Abandoned && rep.Reason.Term == nil {
			return // it did not stop in time, or its supervisor was killed
		}
		_ = c.crashReports.Tell(otp.External("reports"), console.Crashed{Report: rep}) // a full queue or a stopped process drops the report
	}, otp.ChildCrashed, otp.Abandoned)
	c.sys.Subscribe(otp.LogReports(cfg.Log), otp.Logged()...)
	c.sys.Subscribe(func(rep otp.Report) { c.restarts.Add(max(1, rep.Lost)) }, otp.ChildRestarted)
	store := persistence.DefaultOptions(cfg.Data)
	store.Log, store.Keys = cfg.Log.With().Str("component", "store").Logger(), cfg.Keys
	store.MaxSize, store.Shards = cfg.MaxStore<<20, directory.Shards
	c.credentials = persistence.NewCredentials(c.sys, store)
	c.registrations = persistence.NewRegistrations(c.sys, store)
	c.realms = otp.NewRef[credential.RealmsMessage](c.sys, "realms")
	c.users = directory.NewUsers(c.sys)
	clocks := amqpbridge.NewClocks(cfg.Limits.TombstoneTTL)
	c.primed = clocks.Learn
	c.bridge = amqpbridge.New(amqpbridge.Spec{
		System: c.sys, Dialer: cfg.Link, Settings: cfg.Bridge, Realms: c.realms, Users: c.users, Registrations: c.registrations,
		Clocks: clocks,
		Sender: wire.Sender{App: "registrar", Version: cfg.Version, Node: "registrar@" + hostname()},
		Now:    c.clock.Now, Started: c.clock.Now(),
	})
	return c
}

func hostname() string {
	h, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return h
}

func (c *components) newRealms() otp.Behaviour[credential.RealmsMessage] {
	return credential.NewRealms(credential.Env{
		Store: c.credentials, MaxCache: c.cfg.MaxCache, Intensity: actorCrashes, Period: actorPeriod, CoolDown: actorCoolDown,
	})
}

func (c *components) directory() directory.Env {
	return directory.Env{
		Store: c.registrations, Credentials: c.credentials, Unprovisioned: c.cfg.Unprovisioned, Notify: c.bridge.Notify, Primed: c.primed,
		Limits: c.cfg.Limits, Now: c.clock.Now, ExpiryInterval: c.cfg.ExpiryInterval, PruneBatch: 1000, PassivateAfter: c.cfg.PassivateAfter, MaxLive: c.cfg.MaxLive,
		Intensity: actorCrashes, Period: actorPeriod, CoolDown: actorCoolDown,
	}
}
