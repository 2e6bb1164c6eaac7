package sim

import (
	"cmp"
	"slices"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// Fence ends the right of older incarnations to write, see [registration.Store].
func (s *Store) Fence(_ otp.Origin, k domain.Key, epoch uint64, done func(domain.Record, error)) {
	s.queue(operation{func(b *batch) func() {
		if epoch < max(s.fences[k], s.floor(k)) {
			return func() { done(domain.Record{}, domain.Wrap(domain.Conflict, "fence", errOvertaken)) }
		}
		s.fences[k] = epoch
		rec := s.pending(b, k)
		_, early := b.writes[k]
		return func() {
			if err := b.refused[k]; early && err != nil {
				done(domain.Record{}, err)
				return
			}
			done(rec, nil)
		}
	}, func(err error) { done(domain.Record{}, err) }})
}

// Write replaces a record, see [registration.Store].
func (s *Store) Write(_ otp.Origin, rec domain.Record, epoch uint64, done func(error)) {
	s.queue(operation{func(b *batch) func() {
		if s.fences[rec.Key] != epoch {
			return func() { done(domain.Wrap(domain.Conflict, "write", errOvertaken)) }
		}
		b.writes[rec.Key] = rec
		return func() { done(b.refused[rec.Key]) }
	}, done})
}

// Release gives a fence back.
func (s *Store) Release(_ otp.Origin, k domain.Key, epoch uint64) {
	s.queue(operation{func(*batch) func() {
		if s.fences[k] == epoch {
			delete(s.fences, k)
		}
		return func() {}
	}, func(error) {}})
}

// Prime returns the headers of a shard, see [directory.Store].
func (s *Store) Prime(_ otp.Origin, shard, shards int, epoch uint64, done func([]domain.Header, error)) {
	s.queue(operation{func(*batch) func() {
		s.floors[shard] = max(epoch, s.floors[shard])
		for k, e := range s.fences {
			if e < epoch && domain.ShardOf(k, shards) == shard {
				delete(s.fences, k)
			}
		}
		return func() { done(s.headers(shard, shards), nil) } // read after the whole batch
	}, func(err error) { done(nil, err) }})
}

// headers returns the committed headers of a shard.
func (s *Store) headers(shard, shards int) (hs []domain.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, rec := range s.sorted() {
		if domain.ShardOf(rec.Key, shards) == shard {
			hs = append(hs, rec.Header())
		}
	}
	return hs
}

func compare(a, b domain.Key) int {
	return cmp.Or(cmp.Compare(a.Realm, b.Realm), cmp.Compare(a.User, b.User))
}

// Due returns users whose header is due, in key order.
func (s *Store) Due(_ otp.Origin, start domain.Key, limit int, due func(domain.Header) bool, done func([]domain.Key, domain.Key, error)) {
	s.read(func() func() {
		var keys []domain.Key
		next := domain.Key{}
		for _, rec := range s.sorted() {
			if compare(rec.Key, start) < 0 || !due(rec.Header()) {
				continue
			}
			if len(keys) == limit {
				next = rec.Key
				break
			}
			keys = append(keys, rec.Key)
		}
		return func() { done(keys, next, nil) }
	})
}

// Prune lets decide change the records of users without an incarnation.
func (s *Store) Prune(_ otp.Origin, keys []domain.Key, decide func(domain.Record) (domain.Record, bool), done func([]domain.Header, []domain.Key, error)) {
	s.queue(operation{func(b *batch) func() {
		var changed []domain.Header
		var owned []domain.Key
		for _, k := range keys {
			if _, ok := s.fences[k]; ok {
				owned = append(owned, k)
			} else if rec, ok := decide(s.pending(b, k)); ok {
				rec.Key = k
				b.writes[k] = rec
				changed = append(changed, rec.Header())
			}
		}
		return func() {
			done(slices.DeleteFunc(changed, func(h domain.Header) bool { return b.refused[h.Key] != nil }), owned, nil)
		}
	}, func(err error) { done(nil, nil, err) }})
}

// Get returns a committed record.
func (s *Store) Get(_ otp.Origin, k domain.Key, done func(domain.Record, bool, error)) {
	s.read(func() func() {
		rec, ok := s.records[k]
		return func() { done(rec, ok, nil) }
	})
}

// Page lists committed records in key order.
func (s *Store) Page(_ otp.Origin, realm domain.Realm, after domain.Key, limit int, done func([]domain.Record, error)) {
	s.read(func() func() {
		var out []domain.Record
		for _, rec := range s.sorted() {
			if (realm == "" || rec.Key.Realm == realm) && compare(rec.Key, after) > 0 && len(out) < limit {
				out = append(out, rec)
			}
		}
		return func() { done(out, nil) }
	})
}

func (s *Store) sorted() []domain.Record {
	var all []domain.Record
	for _, rec := range s.records {
		all = append(all, rec)
	}
	slices.SortFunc(all, func(a, b domain.Record) int { return compare(a.Key, b.Key) })
	return all
}

// Lookup reads a credential.
func (s *Store) Lookup(_ otp.Origin, k domain.Key, done func(domain.Credential, bool, error)) {
	s.read(func() func() {
		cred, ok := s.creds[k]
		return func() { done(cred, ok, nil) }
	})
}

// Realms counts the credentials of each realm.
func (s *Store) Realms(_ otp.Origin, done func(map[domain.Realm]int, error)) {
	s.read(func() func() {
		n := map[domain.Realm]int{}
		for k := range s.creds {
			n[k.Realm]++
		}
		return func() { done(n, nil) }
	})
}
