package delivery

import (
	"hash/maphash"

	"registrar/actors/domain"
)

// recentUsers remembers recently answered users in two generations: at least max of them, at most
// twice as many. It keeps hashes, because names are long; a collision makes a user known.
type recentUsers struct {
	max            int // of one generation
	seed           maphash.Seed
	young, retired map[uint64]struct{}
}

func newRecentUsers(most int) *recentUsers {
	return &recentUsers{
		max: most, seed: maphash.MakeSeed(),
		young: map[uint64]struct{}{}, retired: map[uint64]struct{}{},
	}
}

func (r *recentUsers) hash(user domain.Key) uint64 { return maphash.Comparable(r.seed, user) }

func (r *recentUsers) add(user domain.Key) {
	if len(r.young) >= r.max {
		r.retired, r.young = r.young, map[uint64]struct{}{}
	}
	r.young[r.hash(user)] = struct{}{}
}

func (r *recentUsers) has(user domain.Key) bool {
	h := r.hash(user)
	if _, ok := r.young[h]; ok {
		return true
	}
	_, ok := r.retired[h]
	return ok
}
