// Package amqpbridge is the edge of the registrar: it turns deliveries into questions to the actors and their answers into messages.
//
// # Processes
//
// Two connections, because a broker that is short of memory blocks the one that publishes: the consuming one declares and binds the
// topology in each new session. A flow for each kind of work (authn, registrations, queries) consumes its own queue on its own
// channel; the publisher sends replies. No broker is a state of a connection, shown by [Status], not a crash.
//
// # Contract
//
// A flow keeps each delivery until its outcome. What belongs to an actor that crashes is handed to its next incarnation, as often as
// [Policy] says; then a registration is parked with a confirm, a question dropped. A registration is acknowledged only after its
// commit. Every delivery ends in exactly one count of [Tally]. Prefetch bounds what is in hand. A new session starts with nothing in
// hand: what the old one had comes again.
//
// Only this package and its children know the names of fields, exchanges and queues; link is the port to a broker.
package amqpbridge
