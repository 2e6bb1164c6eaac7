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

// rooms holds the parts of one registrar and the addresses of its processes, before and while they run.
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

// Bounds of one user's or realm's actor: more crashes than this within the period and it is stopped until it has cooled down.
const (
	actorCrashes  = 10
	actorPeriod   = 10 * time.Second
	actorCoolDown = 5 * time.Second
)

// storiesWaiting is how many crashes may wait for their story.
const crashReportsWaiting = 100

// storiesKept is how many crash stories are kept over a restart.
const crashReportsKept = 100

func (r *components) newCrashReports() otp.Behaviour[console.CrashReportsMessage] {
	return console.NewCrashReports(func() (console.Journal, error) {
		return persistence.OpenJournal(persistence.Options{Dir: r.cfg.Data, Log: r.cfg.Log}, crashReportsKept)
	}, r.recorder)
}

func assemble(cfg Config, boot uint32) *components {
	clock := cfg.Clock
	r := &components{cfg: cfg, clock: domain.NewRunClock(clock.Now(), clock.Mono)}
	if cfg.MaxTrace > 0 {
		r.recorder = trace.New(cfg.MaxTrace, clock.Now(), clock.Mono())
	}
	r.sys = otp.NewSystem(otp.WithLogger(cfg.Log), otp.WithClock(clock), otp.WithBoot(boot), otp.WithRecorder(r.recorder), otp.WithFaults(cfg.Faults))
	r.crashReports = otp.NewRef[console.CrashReportsMessage](r.sys, "observe/crashes", otp.WithBound(crashReportsWaiting))
	r.sys.Subscribe(func(rep otp.Report) {
		if rep.Kind == otp.Abandoned && rep.Reason.Term == nil {
			return // one that did not stop in time, or whose supervisor was killed: no crash of its own
		}
		_ = r.crashReports.Tell(otp.External("reports"), console.Crashed{Report: rep}) // too many at once, or not there: not told
	}, otp.ChildCrashed, otp.Abandoned)
	r.sys.Subscribe(otp.LogReports(cfg.Log), otp.Logged()...)
	r.sys.Subscribe(func(rep otp.Report) { r.restarts.Add(max(1, rep.Lost)) }, otp.ChildRestarted)
	store := persistence.DefaultOptions(cfg.Data)
	store.Log, store.Keys = cfg.Log.With().Str("component", "store").Logger(), cfg.Keys
	store.MaxSize, store.Shards = cfg.MaxStore<<20, directory.Shards
	r.credentials = persistence.NewCredentials(r.sys, store)
	r.registrations = persistence.NewRegistrations(r.sys, store)
	r.realms = otp.NewRef[credential.RealmsMessage](r.sys, "realms")
	r.users = directory.NewUsers(r.sys)
	clocks := amqpbridge.NewClocks(cfg.Limits.TombstoneTTL)
	r.primed = clocks.Learn
	r.bridge = amqpbridge.New(amqpbridge.Spec{
		System: r.sys, Dialer: cfg.Link, Settings: cfg.Bridge, Realms: r.realms, Users: r.users, Registrations: r.registrations,
		Clocks: clocks,
		Sender: wire.Sender{App: "registrar", Version: cfg.Version, Node: "registrar@" + hostname()},
		Now:    r.clock.Now, Started: r.clock.Now(),
	})
	return r
}

func hostname() string {
	h, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return h
}

func (r *components) newRealms() otp.Behaviour[credential.RealmsMessage] {
	return credential.NewRealms(credential.Env{
		Store: r.credentials, MaxCache: r.cfg.MaxCache, Intensity: actorCrashes, Period: actorPeriod, CoolDown: actorCoolDown,
	})
}

func (r *components) directory() directory.Env {
	return directory.Env{
		Store: r.registrations, Credentials: r.credentials, Unprovisioned: r.cfg.Unprovisioned, Notify: r.bridge.Notify, Primed: r.primed,
		Limits: r.cfg.Limits, Now: r.clock.Now, ExpiryInterval: r.cfg.ExpiryInterval, PruneBatch: 1000, PassivateAfter: r.cfg.PassivateAfter, MaxLive: r.cfg.MaxLive,
		Intensity: actorCrashes, Period: actorPeriod, CoolDown: actorCoolDown,
	}
}
