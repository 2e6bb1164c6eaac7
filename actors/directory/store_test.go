package directory_test

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// store is a model of the registrations file. It commits at once, or on release by the test, and
// fences like the real one.
type store struct {
	mu     sync.Mutex
	recs   map[domain.Key]domain.Record
	fences map[domain.Key]uint64
	writes atomic.Int32
	panics atomic.Int32 // number of writes that panic in the actor
	fail   atomic.Int32 // number of writes that fail with an unknown outcome
	hold   bool
	held   []func()
}

func newStore() *store {
	return &store{recs: map[domain.Key]domain.Record{}, fences: map[domain.Key]uint64{}}
}

func (s *store) Fence(_ otp.Origin, k domain.Key, epoch uint64, done func(domain.Record, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fences[k] = max(epoch, s.fences[k])
	rec := s.recs[k]
	rec.Key = k
	go done(rec, nil)
}

func (s *store) Write(_ otp.Origin, rec domain.Record, epoch uint64, done func(error)) {
	s.writes.Add(1)
	if s.panics.Add(-1) >= 0 {
		panic("the actor dies while it handles a registration")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	commit := func() {
		if s.fences[rec.Key] != epoch {
			go done(domain.Wrap(domain.Conflict, "write", nil))
			return
		}
		if s.fail.Add(-1) >= 0 {
			go done(domain.Wrap(domain.Unavailable, "write", nil))
			return
		}
		if s.recs[rec.Key] = rec; rec.Empty() {
			delete(s.recs, rec.Key)
		}
		go done(nil)
	}
	if s.hold {
		s.held = append(s.held, commit)
		return
	}
	commit()
}

func (s *store) Release(_ otp.Origin, k domain.Key, epoch uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fences[k] == epoch {
		delete(s.fences, k)
	}
}

func (s *store) Prime(_ otp.Origin, shard, shards int, _ uint64, done func([]domain.Header, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var hs []domain.Header
	for k, r := range s.recs {
		if domain.ShardOf(k, shards) == shard {
			hs = append(hs, r.Header())
		}
	}
	go done(hs, nil)
}

func (s *store) Get(_ otp.Origin, k domain.Key, done func(domain.Record, bool, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.recs[k]
	go done(r, ok, nil)
}

func (s *store) Due(_ otp.Origin, from domain.Key, limit int, due func(domain.Header) bool, done func([]domain.Key, domain.Key, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []domain.Key
	var next domain.Key
	for _, k := range slices.SortedFunc(maps.Keys(s.recs), compare) {
		rec := s.recs[k]
		switch {
		case compare(k, from) < 0 || !due(rec.Header()):
		case len(keys) < limit:
			keys = append(keys, k)
		case next == domain.Key{}:
			next = k
		}
	}
	go done(keys, next, nil)
}

func compare(a, b domain.Key) int {
	return cmp.Or(cmp.Compare(a.Realm, b.Realm), cmp.Compare(a.User, b.User))
}

func (s *store) Prune(_ otp.Origin, keys []domain.Key, decide func(domain.Record) (domain.Record, bool), done func([]domain.Header, []domain.Key, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var changed []domain.Header
	var owned []domain.Key
	for _, k := range keys {
		if s.fences[k] != 0 {
			owned = append(owned, k)
			continue
		}
		next, is := decide(s.recs[k])
		if !is {
			continue
		}
		next.Key = k
		changed = append(changed, next.Header())
		if s.recs[k] = next; next.Empty() {
			delete(s.recs, k)
		}
	}
	done(changed, owned, nil)
}

func (s *store) releaseWrites() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.held {
		f()
	}
	s.held, s.hold = nil, false
}

func (s *store) fenced() map[domain.Key]uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.fences)
}

func (s *store) size() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.recs)
}
