package amqpbridge

import "time"

// Settings names the bridge's queues and sets its bounds.
type Settings struct {
	// AuthnQueue and QueryQueue are shared by all registrars on a broker; RegistrationQueue belongs to one. Malformed and Poison
	// are where deliveries are put aside.
	AuthnQueue, QueryQueue, RegistrationQueue, MalformedQueue, PoisonQueue string
	// AuthnPrefetch, QueryPrefetch and RegistrationPrefetch bound what is in hand of each flow, and with it memory.
	AuthnPrefetch, QueryPrefetch, RegistrationPrefetch int
	// QueueTTL is how long a question may wait in its queue; Budget is how long after its arrival here it is worth an
	// answer.
	QueueTTL, ReplyDeadline time.Duration
	// QueueMost bounds the questions that wait in a queue; ParkedMost what is put aside in each parking queue.
	MaxQueue, MaxParked int
	// KnownMost is how many users each flow remembers at least that it has answered lately, and at most twice as many: they come before strangers when
	// more is asked than can be answered, so it should be as many as there are phones. Each costs up to 40 bytes.
	MaxKnown int
	// NotFound says what an asker is told when nothing is found: "follow" (what its generation expects), "silent" or "error".
	NotFound string
	// QueryForm is the form of answers to queries: "follow" (what the asker's generation expects), "whistle", "kazoo3" or "kazoo".
	QueryForm string
	// ReplyMost is the size cap of an answer about many, in bytes; past it the asker is refused with a hint.
	MaxReply int
	// FoldUsernames lower-cases user names, as Kazoo does; without it they are compared as received.
	FoldUsernames bool
	// Verify checks the digest of a client that a request carries: a right one is answered with Trusted-Auth and no password, a wrong one as
	// if the user did not exist. The asker vouches for the nonce.
	VerifyDigest bool
	// Notices sends register, deregister and register_overwrite.
	Notices bool
	// Canary is how often the bridge asks a question of its own to see whether it is answered; zero is never.
	Canary time.Duration
	// Node names this registrar among several on one broker: each has a queue of its own for reports, one of them sends notices and answers reg_sync. Empty
	// when there is only one.
	Node string
	// LeaderQueue is where several registrars find out which of them that is.
	LeaderQueue string
	// SyncAtStart asks the other registrars on the broker for what they hold, once.
	SyncAtStart bool
	// PermanentError adds Permanent-Error to authn_err: Kamailio then remembers the refusal.
	PermanentError bool
	// Service is an artificial time that the work on each delivery takes, one delivery of a flow after the other: it makes overload cheap to test.
	// Zero is none.
	Service time.Duration
	// Quiet is how long nothing has to come at a stop for a queue to be taken for empty; zero is 300 ms, which a busy broker may need. One in memory needs less.
	Quiet time.Duration
	// Crashes is how often one delivery may crash the actor that works on it before it is parked as poison.
	MaxCrashes int
}

// Reports returns the name of the queue of this registrar's own.
func (s Settings) Reports() string {
	if s.Node == "" {
		return s.RegistrationQueue
	}
	return s.RegistrationQueue + "." + s.Node
}

// DefaultSettings returns the names and bounds that a registrar uses when it is told nothing else.
func DefaultSettings() Settings {
	return Settings{
		AuthnQueue: "registrar.authn", QueryQueue: "registrar.query", RegistrationQueue: "registrar.registrations",
		MalformedQueue: "registrar.malformed", PoisonQueue: "registrar.poison",
		AuthnPrefetch: 512, QueryPrefetch: 128, RegistrationPrefetch: 1000,
		QueueTTL: 1500 * time.Millisecond, ReplyDeadline: 700 * time.Millisecond,
		MaxQueue: 50_000, MaxParked: 10_000, MaxKnown: 1_000_000,
		NotFound: "follow", QueryForm: "follow", MaxReply: 8 << 20, Notices: true, MaxCrashes: 5, Canary: 3 * time.Second, LeaderQueue: "registrar.leader",
	}
}
