// Package directory finds and starts the actor of a user.
//
// [Users] maps a user to one of [Shards] shards by hash. A shard is an actor. It owns its part of
// the index and supervises the registration actors of its users. Before its first message it
// fills the index from the store (priming). It starts an actor for a known user or for a
// registration, but not for a query about an unknown user. A sweeper removes expired
// registrations from the file.
//
// A shard answers counts from its index. It flushes a whole realm a few users at a time; a user
// is in the index after its first commit. A user that registers without a credential is
// unprovisioned: its credential is read first, and the number of such users is limited over all
// shards.
//
// Contract: a message that a shard forwards belongs to the user's actor. A message that it
// refuses is answered by the shard. Messages of one sender for one user keep their order. The
// index holds one entry of fixed size for each user with a record. When a shard crashes, the
// actors of its users end with it, and it primes again.
package directory
