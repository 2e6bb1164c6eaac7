package domain

import "hash/fnv"

// ShardOf returns the shard of a user: FNV-1a over realm, NUL, user. The hash never changes: a
// running registrar and its store must agree on it.
func ShardOf(k Key, shards int) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(k.Realm)) // Write of a hash never fails
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(k.User))
	return int(h.Sum64() % uint64(shards)) //nolint:gosec // shards is small and positive.
}
