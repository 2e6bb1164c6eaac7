// Package amqpbridge is the registrar's edge: it turns AMQP deliveries into requests to actors,
// and their answers into messages. Only this package and its children know the names of fields,
// exchanges and queues. Package link is the port to a broker.
//
// # Processes
//
// The bridge has two connections, because RabbitMQ under an alarm blocks a connection that
// publishes. The consuming one declares and binds the topology in each session. An absent broker
// is a state of a connection, shown by [Bridge.Components], not a crash.
//
// Each of the queues authn, registrations and queries has a consumer with a channel of its own.
// The publisher publishes replies. While the publishing connection is down, the consumers of
// requests return their deliveries and consume no more: another registrar on the broker answers
// them. Registrations are consumed all the same.
//
// The canary publishes a request every few seconds and expects the reply. If replies are missing
// while the connections seem to work, it has both sessions renewed. Where several registrars
// share a broker, it also elects the leader: the registrar that sends notifications and answers
// reg_sync.
//
// The notifier publishes notifications about registration events, each at most once.
//
// # Admission
//
// A consumer works on a bounded number of jobs. Others wait in an admission queue: recently
// answered users come before unknown ones, and realms take turns. When more jobs wait than can
// be answered in time, the consumer sheds those of unknown users of the realm with the most
// waiting jobs. It sheds before its prefetch is exhausted, because in the broker's queue every
// request would become late.
//
// # Order and age
//
// Jobs about one user run one at a time in the order of arrival; a job about a whole realm runs
// alone in its realm. A job that is retried is not overtaken. The age of a redelivered
// registration is computed with its sender's usual clock offset; see [Clocks].
//
// A query about one user is answered by its registration actor, one about a realm from the file.
// While a commit is on its way back to the actor, the realm's answer may be newer.
//
// # Deliveries
//
// A consumer keeps each delivery until its outcome. When an actor crashes over a job, the job
// goes to the actor's next incarnation, up to MaxCrashes times; then a registration is parked
// and a request dropped. A registration is acknowledged after its commit, a parked message after
// its confirm. Every delivery has exactly one outcome in the counters.
//
// Unacknowledged deliveries are bounded by the prefetch. A new session starts without any: the
// broker redelivers those of the last session. A draining consumer pauses acknowledgements until
// its prefetch is full or its queue idle, then cancels. RabbitMQ would otherwise mark messages
// as redelivered that it had assigned but not sent.
//
// # Replies
//
// A reply is not published after its deadline. The publisher's mailbox is bounded; replies
// beyond it are dropped and counted. A publish with a confirm is refused while [link.Window]
// confirms are outstanding, and retried later.
//
// Queries about a realm or all realms are answered in pages from the committed file, counts from
// the shards' indexes. An answer has a size limit, beyond which the requester gets a hint.
//
// Messages that cannot be read are counted by reason, logged once a minute without their values,
// and parked up to a rate and a number.
package amqpbridge
