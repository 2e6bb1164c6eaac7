// Package registration is the actor of one user (AOR), the only owner of that user's bindings.
//
// # Messages
//
// The actor handles [Register], [Unregister], [Flush], [Query] and [Prune] in the order in which
// the directory's shard forwards them. Each request with a reply slot is answered exactly once.
// If its incarnation dies, the engine fails it.
//
// # Effects
//
// The actor answers requests, writes to the [Store] and reports its new [domain.Header] to the
// index. A request that changes the record is answered only after the change is on disk. A query
// is answered from the committed record alone. After a commit the actor updates the index first,
// then answers the requests, then calls [Env.Notify] at most once per event.
//
// # Order and bounds
//
// The actor has a committed record and at most one write in flight. Requests that arrive
// meanwhile are decided on the pending record, merged into the next write, and answered together.
// Requests that arrive before the record is loaded wait in order; the bridge's prefetch bounds
// their number. A record holds at most [Limits.Bindings] bindings and [maxTombstones] tombstones.
//
// # Decisions
//
// decide.go, prune.go and tombstone.go are pure: record, message, time → record, outcome. They
// implement order, redelivery (digests), removal (tombstones) and expiry (deadlines). The actor
// only executes their decisions.
package registration
