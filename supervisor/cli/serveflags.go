package cli

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/directory"
	"registrar/actors/fault"
	"registrar/actors/registration"
	"registrar/amqpbridge"
	"registrar/amqpbridge/link/rabbit"
	"registrar/supervisor"
)

// serveFlags is everything that a serving registrar can be told. The names of the flags are those of the settings in the file and,
// with REGISTRAR_ in front, in the environment.
type serveFlags struct {
	dataFlag
	keyFlag
	brokerFlags
	Admin     string `help:"Address of the admin server (/healthz, /readyz, /metrics); empty for none." default:"127.0.0.1:7070"`
	LogLevel  string `help:"One of debug, info, warn, error." enum:"debug,info,warn,error" default:"info"`
	LogFormat string `help:"json, or console for people." enum:"json,console" default:"json"`

	AllowFaults bool `help:"Let registrar fault and registrar process kill break this server on purpose."`

	wireFlags
	queueFlags
	limitFlags
}

// wireFlags say how peers are answered.
type wireFlags struct {
	NotFound       string        `group:"Answers" help:"When nothing is found: follow (what the asker's generation expects), silent or error." enum:"follow,silent,error" default:"follow"`
	PermanentError bool          `group:"Answers" help:"Add Permanent-Error to authn_err: Kamailio then remembers the refusal."`
	QueryForm      string        `group:"Answers" help:"Form of answers to queries: follow, whistle, kazoo3 or kazoo." enum:"follow,whistle,kazoo3,kazoo" default:"follow"`
	ReplyMost      int           `group:"Answers" help:"Size cap of an answer about a realm, in bytes." default:"8388608"`
	FoldUsernames  bool          `group:"Answers" help:"Compare user names without regard to case, as Kazoo does."`
	VerifyDigest   bool          `group:"Answers" help:"Check the digest that a request carries; a right one is answered without the password."`
	Notices        bool          `group:"Answers" help:"Send register, deregister and register_overwrite." default:"true" negatable:""`
	Canary         time.Duration `group:"Answers" help:"How often to ask a question of its own, to see whether it is answered; 0s for never." default:"3s"`
	SyncAtStart    bool          `group:"Answers" help:"Ask the other registrars on the broker for what they hold, once at start."`
}

// queueFlags name the queues and bound what is in them and in hand.
type queueFlags struct {
	AuthnQueue           string        `group:"Queues" help:"Shared queue of the questions for credentials." default:"registrar.authn"`
	QueryQueue           string        `group:"Queues" help:"Shared queue of the questions who is registered." default:"registrar.query"`
	RegistrationQueue    string        `group:"Queues" help:"This registrar's own queue of reports; with --node its name begins so." default:"registrar.registrations"`
	Node                 string        `group:"Queues" help:"Name of this registrar among several on one broker: all hear every report, any one answers, one speaks for all."`
	LeaderQueue          string        `group:"Queues" help:"Where several registrars find out which of them speaks for all." default:"registrar.leader"`
	MalformedQueue       string        `group:"Queues" help:"Where messages that cannot be read are put aside." default:"registrar.malformed"`
	PoisonQueue          string        `group:"Queues" help:"Where reports that cannot be applied are put aside." default:"registrar.poison"`
	AuthnPrefetch        int           `group:"Queues" help:"Questions for credentials in hand at most." default:"512"`
	QueryPrefetch        int           `group:"Queues" help:"Queries in hand at most." default:"128"`
	RegistrationPrefetch int           `group:"Queues" help:"Reports in hand at most." default:"1000"`
	QueueTTL             time.Duration `group:"Queues" name:"queue-ttl" help:"How long a question may wait in its queue." default:"1500ms"`
	Budget               time.Duration `group:"Queues" help:"How long after its arrival here a question is worth an answer." default:"700ms"`
	QueueMost            int           `group:"Queues" help:"Questions that may wait in a queue." default:"50000"`
	ParkedMost           int           `group:"Queues" help:"Messages kept in each queue of those put aside." default:"10000"`
	KnownMost            int           `group:"Queues" help:"Users of each flow, remembered as answered lately, that come before strangers under overload; up to twice as many are kept." default:"1000000"`
	Crashes              int           `group:"Queues" help:"How often a report may crash its actor before it is put aside." default:"5"`
}

// limitFlags bound what is kept.
type limitFlags struct {
	Bindings   int           `group:"Limits" help:"Registrations of one user; a further one displaces the oldest." default:"1"`
	MaxExpires time.Duration `group:"Limits" help:"Longest lifetime that is believed." default:"720h"`
	Grace      time.Duration `group:"Limits" help:"How long after its end a return counts as a refresh. What has ended is never shown." default:"0s"`
	Remember   time.Duration `group:"Limits" help:"How long a removal is remembered: as long as a queue can hold a message." default:"24h"`
	GuestsMost int           `group:"Limits" help:"Registered users without credentials, in all." default:"100000"`
	GuestsEach int           `group:"Limits" help:"Registered users without credentials, of one realm." default:"10000"`
	CacheMost  int           `group:"Limits" help:"Credentials cached of one realm." default:"100000"`
	Idle       time.Duration `group:"Limits" help:"How long a user's actor may have nothing to do before it is put away; 0s for ever." default:"10m"`
	LiveMost   int           `group:"Limits" help:"Users' actors at most, about; 0 for no limit. Who has been idle longest is put away." default:"0"`
	StoreMost  int64         `group:"Limits" help:"Size of each file of the store at most, in MiB; 0 for no limit but the disk." default:"0"`
	TraceMost  int           `group:"Limits" help:"Events that the recorder keeps, about; 0 records nothing." default:"65536"`
	Sweep      time.Duration `group:"Limits" help:"How often ended registrations are looked for, to take them out of the file." default:"1m"`
}

// config turns the flags into what the supervisor takes; what makes no sense is named.
func (f *serveFlags) config(env Env, log zerolog.Logger) (supervisor.Config, error) {
	keys, err := f.keys(env)
	broker, unusable := f.link(log.With().Str("component", "link").Logger())
	if err := errors.Join(append(f.validate(), err, unusable)...); err != nil {
		return supervisor.Config{}, usage{err}
	}
	idle := f.Idle
	if idle == 0 {
		idle = -1 // never, which is not the same as not set
	}
	events := f.TraceMost
	if events == 0 {
		events = -1 // as above
	}
	var faults *fault.Set
	if f.AllowFaults {
		faults = &fault.Set{}
	}
	return supervisor.Config{
		MaxTrace: events, Faults: faults,
		Data: f.Data, Link: rabbit.New(broker), Admin: f.Admin, Log: log, Version: Version(), MaxCache: f.CacheMost, ExpiryInterval: f.Sweep,
		Keys: keys, PassivateAfter: idle, MaxLive: f.LiveMost, MaxStore: f.StoreMost << 20,
		Limits: registration.Limits{Bindings: f.Bindings, TombstoneTTL: f.Remember, MaxExpires: f.MaxExpires, Grace: f.Grace},
		Unprovisioned: f.guests(),
		Bridge: amqpbridge.Settings{
			AuthnQueue: f.AuthnQueue, QueryQueue: f.QueryQueue, RegistrationQueue: f.RegistrationQueue, MalformedQueue: f.MalformedQueue,
			PoisonQueue: f.PoisonQueue, AuthnPrefetch: f.AuthnPrefetch, QueryPrefetch: f.QueryPrefetch, RegistrationPrefetch: f.RegistrationPrefetch,
			QueueTTL: f.QueueTTL, ReplyDeadline: f.Budget, MaxQueue: f.QueueMost, MaxParked: f.ParkedMost, MaxKnown: f.KnownMost, NotFound: f.NotFound,
			QueryForm: f.QueryForm, MaxReply: f.ReplyMost, FoldUsernames: f.FoldUsernames, VerifyDigest: f.VerifyDigest, Notices: f.Notices,
			Canary: f.Canary, Node: f.Node, LeaderQueue: f.LeaderQueue, SyncAtStart: f.SyncAtStart, PermanentError: f.PermanentError, MaxCrashes: f.Crashes,
		},
	}, nil
}

// guests are the limits; none is not the same as not set.
func (f *limitFlags) guests() directory.UnprovisionedLimits {
	if f.GuestsEach == 0 || f.GuestsMost == 0 {
		return directory.UnprovisionedLimits{PerRealm: -1, Total: -1}
	}
	return directory.UnprovisionedLimits{PerRealm: f.GuestsEach, Total: f.GuestsMost}
}

const nodeLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

// validate names every setting that makes no sense.
func (f *serveFlags) validate() (errs []error) {
	if _, _, err := net.SplitHostPort(f.Admin); f.Admin != "" && err != nil {
		errs = append(errs, fmt.Errorf("--admin: %q is no host:port", f.Admin))
	}
	between := func(name string, v, least, most int) {
		if v < least || v > most {
			errs = append(errs, fmt.Errorf("--%s: %d is not between %d and %d", name, v, least, most))
		}
	}
	const many = 1 << 30
	between("authn-prefetch", f.AuthnPrefetch, 1, 65535)
	between("query-prefetch", f.QueryPrefetch, 1, 65535)
	between("registration-prefetch", f.RegistrationPrefetch, 1, 65535)
	between("queue-most", f.QueueMost, 1, many)
	between("parked-most", f.ParkedMost, 1, many)
	between("known-most", f.KnownMost, 1, many)
	between("crashes", f.Crashes, 1, 1000)
	between("bindings", f.Bindings, 1, 100)
	between("reply-most", f.ReplyMost, 1024, 128<<20)
	between("guests-most", f.GuestsMost, 0, many)
	between("guests-each", f.GuestsEach, 0, many)
	between("cache-most", f.CacheMost, 1, many)
	between("trace-most", f.TraceMost, 0, 1<<24)
	between("live-most", f.LiveMost, 0, many)
	if f.StoreMost < 0 || f.StoreMost > 1<<32 {
		errs = append(errs, fmt.Errorf("--store-most: %d MiB is not between 0 and 4 PiB", f.StoreMost))
	}
	if f.Idle != 0 && f.Idle < time.Second {
		errs = append(errs, fmt.Errorf("--idle: %v is too short", f.Idle))
	}
	errs = append(errs, f.times()...)
	if f.Canary < 0 || f.Node != "" && f.Canary == 0 {
		errs = append(errs, fmt.Errorf("--canary: %v is no time between two questions, and --node needs one", f.Canary))
	}
	if strings.ContainsFunc(f.Node, func(r rune) bool { return !strings.ContainsRune(nodeLetters, r) }) || len(f.Node) > 64 {
		errs = append(errs, fmt.Errorf("--node: %q is not made of letters, digits, - and _", f.Node))
	}
	if f.Grace < 0 {
		errs = append(errs, fmt.Errorf("--grace: %v is negative", f.Grace))
	}
	for name, queue := range map[string]string{
		"authn-queue": f.AuthnQueue, "query-queue": f.QueryQueue, "registration-queue": f.RegistrationQueue,
		"leader-queue": f.LeaderQueue, "malformed-queue": f.MalformedQueue, "poison-queue": f.PoisonQueue,
	} {
		if queue == "" || len(queue) > 255 {
			errs = append(errs, fmt.Errorf("--%s: a queue's name has 1 to 255 bytes", name))
		}
	}
	return errs
}

// times names every time that is too short.
func (f *serveFlags) times() (errs []error) {
	for name, d := range map[string]time.Duration{
		"queue-ttl": f.QueueTTL, "budget": f.Budget, "max-expires": f.MaxExpires, "remember": f.Remember, "sweep": f.Sweep,
	} {
		if d < time.Millisecond {
			errs = append(errs, fmt.Errorf("--%s: %v is too short", name, d))
		}
	}
	return errs
}
