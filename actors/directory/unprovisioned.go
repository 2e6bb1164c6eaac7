package directory

import (
	"sync"

	"registrar/actors/domain"
)

// guests counts the users without credentials over all shards. It is shared by the shards and safe for use by many goroutines; only what
// concerns guests takes its lock.
type unprovisioned struct {
	limits UnprovisionedLimits

	mu     sync.Mutex
	realms map[domain.Realm]int
	all    int
	shards [Shards]map[domain.Realm]int // each shard's share, given back when it starts anew
}

func newUnprovisioned(l UnprovisionedLimits) *unprovisioned {
	return &unprovisioned{limits: l, realms: map[domain.Realm]int{}}
}

// restart forgets what a shard has counted.
func (g *unprovisioned) reset(shard int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for realm, n := range g.shards[shard] {
		g.adjust(realm, -n)
	}
	g.shards[shard] = map[domain.Realm]int{}
}

// take counts a guest if there is room.
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

// found counts a guest that is there already, whatever the limits.
func (g *unprovisioned) add(shard int, realm domain.Realm) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shards[shard][realm]++
	g.adjust(realm, 1)
}

// gone counts one less.
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
