package sim

import (
	"maps"
	"slices"

	"registrar/actors/domain"
)

// operation is one entry of the writer's queue: prepare is called in order, fail replies in its
// place.
type operation struct {
	prepare func(b *batch) (answer func())
	fail    func(error)
}

// batch is the work of one commit.
type batch struct {
	ops         []operation
	incarnation int // incarnation of the writer that made it
	answers     []func()
	writes      map[domain.Key]domain.Record
	refused     map[domain.Key]error // writes that did not fit: fences that read them in the same batch fail as well
}

// take fills a batch.
func (s *Store) take(b *batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.ops)
	if s.Rand != nil && n > 0 {
		n = 1 + s.Rand.IntN(n)
	}
	b.ops, b.incarnation = s.ops[:n], s.incarnation
	s.ops = slices.Clone(s.ops[n:])
	for _, op := range b.ops {
		b.answers = append(b.answers, op.prepare(b))
	}
}

// write commits the batch, or not, or commits it and returns an error. Now and then it leaves out
// writes that do not fit.
func (s *Store) write(b *batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	outcome := 2
	if s.Rand != nil && len(b.ops) > 0 {
		outcome = s.Rand.IntN(20)
	}
	if outcome == 0 || b.incarnation != s.incarnation { // a writer that was held and replaced has no effect
		return errCommit
	}
	if outcome == 2 && s.Rand != nil {
		s.refuseGrowth(b)
	}
	s.apply(b)
	if outcome == 1 {
		return errCommit
	}
	return nil
}

// refuseGrowth refuses some writes that need more space, as an almost full file does. The caller
// has s.mu.
func (s *Store) refuseGrowth(b *batch) {
	for _, k := range slices.SortedFunc(maps.Keys(b.writes), compare) {
		if size(b.writes[k]) > size(s.records[k]) && s.Rand.IntN(2) == 0 {
			b.refused[k] = errFull
			delete(b.writes, k)
		}
	}
}

// size is the size of a record in the model.
func size(rec domain.Record) (n int) {
	for _, b := range rec.Bindings {
		n += 100 + len(b.Contact) + len(b.Doc)
	}
	return n + 50*len(rec.Tombstones)
}

// answer replies in the order of the operations.
func (b *batch) answer() {
	for _, a := range b.answers {
		a()
	}
}

// refuse replies that the outcome of the batch is unknown.
func (b *batch) refuse() {
	for _, op := range b.ops {
		op.fail(domain.Wrap(domain.Unavailable, "store", errCommit))
	}
}

// apply makes the batch the committed state. The caller has s.mu.
func (s *Store) apply(b *batch) {
	for k, rec := range b.writes {
		if s.Committed != nil {
			s.Committed(s.records[k], rec)
		}
		if rec.Empty() {
			delete(s.records, k)
		} else {
			s.records[k] = rec
		}
	}
}

// pending reads a record after the earlier writes of the same batch.
func (s *Store) pending(b *batch, k domain.Key) domain.Record {
	if rec, ok := b.writes[k]; ok {
		return rec
	}
	rec := s.records[k]
	rec.Key = k
	return rec
}
