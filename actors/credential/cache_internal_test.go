package credential

import (
	"strconv"
	"testing"

	"registrar/actors/domain"
)

// The cache holds no more credentials than its limit, and always the newest.
func TestCacheIsBounded(t *testing.T) {
	const limit = 10
	r := newRealmActor(&Env{MaxCache: limit}, "acme.test")
	for i := range 3 * limit {
		u := domain.User(strconv.Itoa(i))
		r.addToCache(u, Found{OK: true})
		if _, ok := r.cache[u]; !ok || len(r.cache) > limit {
			t.Fatalf("after user %s the cache holds %d credentials", u, len(r.cache))
		}
	}
}
