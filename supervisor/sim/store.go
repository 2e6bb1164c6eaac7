package sim

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"

	"registrar/actors/domain"
	"registrar/supervisor/fault"
)

// Store is the model of persistence: the registrations file with its writer and the credentials file. What is asked for is queued, and carried out when
// the world has the writer or the reader run. It is safe for use by many goroutines.
type Store struct {
	mu      sync.Mutex
	records map[domain.Key]domain.Record
	creds   map[domain.Key]domain.Credential
	fences  map[domain.Key]uint64
	floors  map[int]uint64 // by shard
	ops     []operation
	reads   []func()
	busy    bool // a commit is under way: with a fault it may take its time
	missed  int  // how often the writer had its turn meanwhile
	// Wake is called when there is something to do for the writer or the reader.
	Wake func(who string, run func())
	// Rand decides how large a batch is and how its commit ends; nil commits everything.
	Rand *rand.Rand
	// Fault is a fault point of the writer; nil is none.
	Fault func(fault.Point) error
	// Committed is called with each record that changes, before and after.
	Committed func(before, after domain.Record)
}

// operation is one entry of the writer's queue: prepare is carried out in order, fail answers in its stead.
type operation struct {
	prepare func(b *batch) (answer func())
	fail    func(error)
}

// batch is what one commit does.
type batch struct {
	ops     []operation
	answers []func()
	writes  map[domain.Key]domain.Record
}

var (
	errOvertaken = errors.New("another incarnation owns the user")
	errCommit    = errors.New("the commit failed")
)

// NewStore makes an empty one.
func NewStore() *Store {
	return &Store{
		records: map[domain.Key]domain.Record{}, creds: map[domain.Key]domain.Credential{}, fences: map[domain.Key]uint64{}, floors: map[int]uint64{},
		Wake: func(_ string, run func()) { run() },
	}
}

func (s *Store) queue(op operation) {
	s.mu.Lock()
	s.ops = append(s.ops, op)
	wake := s.Wake
	s.mu.Unlock()
	wake("store/writer", s.commit)
}

func (s *Store) read(do func() func()) {
	s.mu.Lock()
	s.reads = append(s.reads, func() {
		s.mu.Lock()
		answer := do()
		s.mu.Unlock()
		answer()
	})
	wake := s.Wake
	s.mu.Unlock()
	wake("store/reader", s.readOne)
}

func (s *Store) readOne() {
	s.mu.Lock()
	if len(s.reads) == 0 {
		s.mu.Unlock()
		return
	}
	next := s.reads[0]
	s.reads = s.reads[1:]
	s.mu.Unlock()
	next()
}

// commit carries out some of what is queued, in order: it is done, or lost, or done and not known to be. Should the writer crash, its batch is refused.
func (s *Store) commit() {
	if !s.begin() {
		return // it is called again
	}
	defer s.end()
	b := &batch{writes: map[domain.Key]domain.Record{}}
	completed := false
	defer func() {
		if !completed {
			_ = recover()
			b.refuse()
		}
	}()
	s.take(b)
	fails := s.hit(fault.BeforeCommit)
	if fails == nil || errors.Is(fails, fault.ErrTorn) {
		fails = cmp.Or(s.write(b), fails)
	}
	if fails != nil && len(b.writes) > 0 {
		b.refuse()
	} else {
		_ = s.hit(fault.AfterCommit) // an error there is a panic
		b.answer()
	}
	completed = true
}

func (s *Store) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy {
		s.missed++
		return false
	}
	s.busy = true
	return true
}

func (s *Store) end() {
	s.mu.Lock()
	missed, wake := s.missed, s.Wake
	s.busy, s.missed = false, 0
	s.mu.Unlock()
	for range missed {
		wake("store/writer", s.commit)
	}
}

// take fills a batch.
func (s *Store) take(b *batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.ops)
	if s.Rand != nil && n > 0 {
		n = 1 + s.Rand.IntN(n)
	}
	b.ops = s.ops[:n]
	s.ops = slices.Clone(s.ops[n:])
	for _, op := range b.ops {
		b.answers = append(b.answers, op.prepare(b))
	}
}

// write makes a batch the committed state, or does not, or does and says that it has failed.
func (s *Store) write(b *batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	outcome := 2
	if s.Rand != nil && len(b.ops) > 0 {
		outcome = s.Rand.IntN(20)
	}
	if outcome == 0 {
		return errCommit
	}
	s.apply(b)
	if outcome == 1 {
		return errCommit
	}
	return nil
}

func (s *Store) hit(at fault.Point) error {
	if s.Fault == nil {
		return nil
	}
	return s.Fault(at)
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

// lose drops what is queued, as a kill -9 does; some of it may have been committed just before. Whoever waits is told, for it to end.
func (s *Store) lose() {
	s.mu.Lock()
	ops, reads := s.ops, s.reads
	s.ops, s.reads = nil, nil
	s.fences, s.floors = map[domain.Key]uint64{}, map[int]uint64{}
	s.mu.Unlock()
	for _, op := range ops {
		op.fail(domain.Wrap(domain.Unavailable, "store", errCommit))
	}
	for _, r := range reads {
		r()
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

func (s *Store) floor(k domain.Key) uint64 { return s.floors[domain.ShardOf(k, 64)] }

// Record returns the committed record of a user.
func (s *Store) Record(k domain.Key) domain.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.records[k]
}

// Set sets a credential.
func (s *Store) Set(c domain.Credential) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.creds[c.Key] = c
}
