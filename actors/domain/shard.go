package domain

import "hash/fnv"

// ShardOf says which of so many shards a user belongs to: FNV-1a over realm, NUL, user. It never changes: the index of a running
// registrar and its store must agree.
func ShardOf(k Key, shards int) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(k.Realm)) // a hash never fails
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(k.User))
	return int(h.Sum64() % uint64(shards)) //nolint:gosec // shards is small and positive.
}
