// Package amqpbridge is the edge of the registrar: it turns deliveries into questions to the actors and their answers into messages.
//
// # Processes
//
// Two connections, because a broker that is short of memory blocks the one that publishes: the consuming one declares and binds the
// topology in each new session. A flow for each kind of work (authn, registrations, queries) consumes its own queue on its own
// channel; the publisher sends replies. No broker is a state of a connection, shown by [Status], not a crash. While there is no connection to publish on, the
// flows of questions give theirs back and take no more: another registrar on the broker answers them. Reports are taken all the same.
//
// A flow works on a bounded number of deliveries at a time; what waits for its turn passes a gate: users that were answered lately come before
// strangers, realms take turns, and when more waits than can be answered in time, strangers of the realm that has the most waiting are given up, at
// once and counted. The broker holds nothing back meanwhile: there a question would grow late whoever it is from.
//
// The pulse asks a question of its own through the broker and back every few seconds. When its questions go without an answer while the connections look
// well, the sessions are renewed. Where several registrars share a broker it also finds out which of them leads: that one sends the notices and
// answers reg_sync.
//
// A process of its own sends the notices about what commits have changed. It hears of them from the users' actors, at most once.
//
// # Order and age
//
// A query about one user is answered by its actor, one about a realm from the file: while a commit is on its way back to the actor, the realm's answer may be ahead
// of the user's.
//
// Reports about one user are worked on one at a time, in the order of their arrival, and one about a whole realm alone in its realm: what
// has to be tried again is not overtaken. How old a report was when it arrived is told by its sender's clock, which [Clocks] knows from
// what that sender has reported before: only what has waited is aged by it.
//
// # Contract
//
// A flow keeps each delivery until its outcome. What belongs to an actor that crashes is handed to its next incarnation, as often as
// [Policy] says; then a registration is parked with a confirm, a question dropped. A registration is acknowledged only after its
// commit. Every delivery ends in exactly one count of [Tally]. Prefetch bounds what is in hand. A new session starts with nothing in
// hand: what the old one had comes again. A flow that is drained lets its prefetch fill up before it cancels its subscription, so that nothing that the broker
// has handed out comes again after a stop in order.
//
// An answer that has waited for the publisher until nobody waits for it any more is not sent, and a bounded number waits there: what is more is dropped
// and counted. What needs a confirm is refused while as many are open as the link takes, and tried again: it holds up no answer.
//
// Questions about a realm or all of them are answered from the file's committed state, in pages, by the flow itself; counts from the
// shards' indexes. An answer about many has a size cap, past which the asker is refused with a hint.
//
// What cannot be used is counted by its reason, logged once a minute for each, without a value out of it, and put aside up to a rate and
// a number: a flood of it takes no room from anything else.
//
// Only this package and its children know the names of fields, exchanges and queues; link is the port to a broker.
package amqpbridge
