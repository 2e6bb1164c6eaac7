package sim

import (
	"maps"
	"slices"

	"registrar/actors/domain"
)

// operation is one entry of the writer's queue: prepare is carried out in order, fail answers in its stead.
type operation struct {
	prepare func(b *batch) (answer func())
	fail    func(error)
}

// batch is what one commit does.
type batch struct {
	ops     []operation
	life    int // of the writer that has made it
	answers []func()
	writes  map[domain.Key]domain.Record
	refused map[domain.Key]error // writes that did not fit: those who have read them in the same batch have read what is not there
}

// take fills a batch.
func (s *Store) take(b *batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.ops)
	if s.Rand != nil && n > 0 {
		n = 1 + s.Rand.IntN(n)
	}
	b.ops, b.life = s.ops[:n], s.life
	s.ops = slices.Clone(s.ops[n:])
	for _, op := range b.ops {
		b.answers = append(b.answers, op.prepare(b))
	}
}

// write makes a batch the committed state, or does not, or does and says that it has failed; now and then without what does not fit.
func (s *Store) write(b *batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	outcome := 2
	if s.Rand != nil && len(b.ops) > 0 {
		outcome = s.Rand.IntN(20)
	}
	if outcome == 0 || b.life != s.life { // a writer that was held and has a successor has no more say
		return errCommit
	}
	if outcome == 2 && s.Rand != nil {
		s.crowd(b)
	}
	s.apply(b)
	if outcome == 1 {
		return errCommit
	}
	return nil
}

// crowd refuses some of what makes the data longer, as a file does that is full and has a little room left by what else is written. The caller has s.mu.
func (s *Store) crowd(b *batch) {
	for _, k := range slices.SortedFunc(maps.Keys(b.writes), compare) {
		if size(b.writes[k]) > size(s.records[k]) && s.Rand.IntN(2) == 0 {
			b.refused[k] = errFull
			delete(b.writes, k)
		}
	}
}

// size is how long the model takes a record to be.
func size(rec domain.Record) (n int) {
	for _, b := range rec.Bindings {
		n += 100 + len(b.Contact) + len(b.Doc)
	}
	return n + 50*len(rec.Tombstones)
}

// answer gives the answers of a batch in the order of the questions.
func (b *batch) answer() {
	for _, a := range b.answers {
		a()
	}
}

// refuse says that the outcome of a batch is unknown.
func (b *batch) refuse() {
	for _, op := range b.ops {
		op.fail(domain.Wrap(domain.Unavailable, "store", errCommit))
	}
}

// apply makes a batch the committed state. The caller has s.mu.
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

// pending reads a record as it is after the writes before in the same batch.
func (s *Store) pending(b *batch, k domain.Key) domain.Record {
	if rec, ok := b.writes[k]; ok {
		return rec
	}
	rec := s.records[k]
	rec.Key = k
	return rec
}
