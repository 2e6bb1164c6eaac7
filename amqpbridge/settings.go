package amqpbridge

import "time"

// Settings names the bridge's queues and sets its bounds. The struct tags are those of kong:
// every field is also a flag of registrar serve; min and max bound its value or the length of a
// text, oneof lists the values of a text.
type Settings struct {
	NotFound       string        `group:"Answers" oneof:"follow,silent,error" help:"Reply when nothing is found: follow (as the requester's generation expects: whistle hears nothing, kazoo an error), silent or error."`
	PermanentError bool          `group:"Answers" help:"Add Permanent-Error to authn_err: Kamailio then caches the refusal."`
	QueryForm      string        `group:"Answers" oneof:"follow,whistle,kazoo3,kazoo" help:"Form of replies to queries: follow (the requester's generation), whistle, kazoo3 or kazoo."`
	MaxReply       int           `group:"Answers" min:"1024" max:"134217728" help:"Maximum size of a reply about a realm, in bytes; a larger one is refused with a hint. RabbitMQ 4 accepts 16 MiB by default."`
	FoldUsernames  bool          `group:"Answers" help:"Compare user names without regard to case, as Kazoo does."`
	VerifyDigest   bool          `group:"Answers" help:"Verify the digest that a request carries. A correct one is answered with Trusted-Auth and no password, a wrong one as an unknown user. The requester vouches for the nonce."`
	Notices        bool          `group:"Answers" negatable:"" help:"Publish register, deregister and register_overwrite."`
	Canary         time.Duration `group:"Answers" min:"0s" help:"Interval of the canary, a request that the registrar sends to itself through the broker; 0s for none. It detects a broker that is connected and delivers nothing."`
	SyncAtStart    bool          `group:"Answers" help:"Ask the other registrars on the broker for their registrations, once at start."`

	AuthnQueue           string        `group:"Queues" min:"1" max:"255" help:"Queue of authn requests. All registrars on a broker share it."`
	QueryQueue           string        `group:"Queues" min:"1" max:"255" help:"Queue of registration queries. All registrars on a broker share it."`
	RegistrationQueue    string        `group:"Queues" min:"1" max:"255" help:"Queue of registrations, one for each registrar; --node is appended to its name."`
	Node                 string        `group:"Queues" max:"64" help:"Name of this registrar among several on one broker. All of them receive every registration, any one answers, the leader publishes notifications and answers reg_sync."`
	LeaderQueue          string        `group:"Queues" min:"1" max:"255" help:"Queue by which several registrars elect their leader."`
	MalformedQueue       string        `group:"Queues" min:"1" max:"255" help:"Parking queue of messages that cannot be read."`
	PoisonQueue          string        `group:"Queues" min:"1" max:"255" help:"Parking queue of registrations that cannot be applied."`
	AuthnPrefetch        int           `group:"Queues" min:"1" max:"65535" help:"Maximum number of unacknowledged authn requests."`
	QueryPrefetch        int           `group:"Queues" min:"1" max:"65535" help:"Maximum number of unacknowledged queries."`
	RegistrationPrefetch int           `group:"Queues" min:"1" max:"65535" help:"Maximum number of unacknowledged registrations."`
	QueueTTL             time.Duration `group:"Queues" name:"queue-ttl" min:"1ms" help:"How long a request may wait in its queue. Kamailio waits 2.5 s for its reply."`
	ReplyDeadline        time.Duration `group:"Queues" min:"1ms" help:"How long after its arrival a request is answered; later it is dropped and counted."`
	MaxQueue             int           `group:"Queues" min:"1" max:"1073741824" help:"Maximum number of requests that wait in a queue."`
	MaxParked            int           `group:"Queues" min:"1" max:"1073741824" help:"Maximum number of messages in each parking queue."`
	MaxKnown             int           `group:"Queues" min:"1" max:"1073741824" help:"Users with a recent reply that each consumer prefers under overload; up to twice as many are kept, at 40 bytes each. Set it to the number of phones."`
	MaxCrashes           int           `group:"Queues" min:"1" max:"1000" help:"How often a registration may crash its actor before it is parked."`
}

// DefaultSettings returns the settings of a registrar that is configured with nothing else.
func DefaultSettings() Settings {
	return Settings{
		NotFound:  "follow",
		QueryForm: "follow",
		MaxReply:  8 << 20,
		Notices:   true,
		Canary:    3 * time.Second,

		AuthnQueue:           "registrar.authn",
		QueryQueue:           "registrar.query",
		RegistrationQueue:    "registrar.registrations",
		LeaderQueue:          "registrar.leader",
		MalformedQueue:       "registrar.malformed",
		PoisonQueue:          "registrar.poison",
		AuthnPrefetch:        512,
		QueryPrefetch:        128,
		RegistrationPrefetch: 1000,
		QueueTTL:             1500 * time.Millisecond,
		ReplyDeadline:        700 * time.Millisecond,
		MaxQueue:             50_000,
		MaxParked:            10_000,
		MaxKnown:             1_000_000,
		MaxCrashes:           5,
	}
}

// Reports returns the name of this registrar's own queue of registrations.
func (s Settings) Reports() string {
	if s.Node == "" {
		return s.RegistrationQueue
	}
	return s.RegistrationQueue + "." + s.Node
}
