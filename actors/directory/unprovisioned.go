package directory

import (
	"sync"

	"registrar/actors/domain"
)

// unprovisioned counts the users without credentials over all shards. It is safe for concurrent
// use; only requests of such users take its lock.
type unprovisioned struct {
	limits UnprovisionedLimits

	mu     sync.Mutex
	realms map[domain.Realm]int
	all    int
	shards [Shards]map[domain.Realm]int // each shard's part, subtracted when it restarts
}

func newUnprovisioned(l UnprovisionedLimits) *unprovisioned {
	return &unprovisioned{limits: l, realms: map[domain.Realm]int{}}
}

// reset subtracts a shard's part.
func (g *unprovisioned) reset(shard int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for realm, n := range g.shards[shard] {
		g.adjust(realm, -n)
	}
	g.shards[shard] = map[domain.Realm]int{}
}

// tryAdd counts a user if the limits allow it.
func (g *unprovisioned) tryAdd(shard int, realm domain.Realm) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.all >= g.limits.Total || g.realms[realm] >= g.limits.PerRealm {
		return false
	}
	g.shards[shard][realm]++
	g.adjust(realm, 1)
	return true
}

// add counts a user that already has a record, regardless of the limits.
func (g *unprovisioned) add(shard int, realm domain.Realm) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shards[shard][realm]++
	g.adjust(realm, 1)
}

// remove subtracts a user.
func (g *unprovisioned) remove(shard int, realm domain.Realm) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shards[shard][realm]--; g.shards[shard][realm] <= 0 {
		delete(g.shards[shard], realm)
	}
	g.adjust(realm, -1)
}

func (g *unprovisioned) adjust(realm domain.Realm, n int) {
	g.all += n
	if g.realms[realm] += n; g.realms[realm] <= 0 {
		delete(g.realms, realm)
	}
}
