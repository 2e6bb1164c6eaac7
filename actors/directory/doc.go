// Package directory finds the actor of a user.
//
// There is no single directory on the way: [Users] hashes a user to one of its shards, and the shard is an actor that owns its
// part of the index and supervises the registration actors of its users. A shard fills its index from the store before it
// accepts its first message (priming), starts an actor when a message for a known user or a registration comes, and never for a question
// about a stranger. It sweeps its index for users whose registrations have ended and has their actors take them out of the file.
//
// It answers counts from its index and has a whole realm flushed, a few users at a time: those that are in the index, which a user is once its first registration is
// on disk. A user that registers and has no credentials is
// a guest: its credentials are looked for first, and guests are limited in number over all shards.
//
// Contract: a message that a shard hands on belongs to the user's actor from then on; what a shard refuses is answered
// by the shard. Messages of one sender for one user keep their order. The index holds one entry of a fixed size for each user with
// a record, live or not; a shard that crashes loses its users' actors with it and reads its index again.
package directory
