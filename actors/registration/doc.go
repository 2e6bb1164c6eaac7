// Package registration is the actor of one user: the only owner of that user's bindings.
//
// # What comes in
//
// [Register], [Unregister], [Flush], [Query] and [Prune], in the order in which the directory's shard hands them on. Each request that
// carries a place for an answer is answered exactly once, or belongs to the incarnation when it dies and is then answered by
// the engine.
//
// # What goes out
//
// Answers, writes to the [Store] and the new [domain.Header] to the index. Nothing that changes the record is answered
// before the change is on disk; a query is answered from the committed record alone. After a commit the index is told first,
// then the askers, then whoever wants to hear of it ([Env.Notify]), at most once.
//
// # Order and bounds
//
// The actor has a committed record and at most one write in flight. What comes meanwhile is decided on the record that is
// being written, merged into the next write and settled together. Requests that come before the record is loaded wait in
// order; their number is bounded by the bridge's prefetch. A record holds at most [Limits.Bindings] bindings and [maxTombstones]
// removals.
//
// # Deciding
//
// decide.go is pure: record, message, time → record, outcome. It knows order (who reported what when), redelivery
// (digests), removal (tombstones) and ends (deadlines); actor.go only carries out what was decided.
package registration
