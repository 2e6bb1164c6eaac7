package sim

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"

	"registrar/actors/domain"
	"registrar/actors/fault"
)

// Store is a model of persistence: the registrations file with its writer, and the credentials
// file. Operations are queued until the world runs the writer or the reader. It is safe for
// concurrent use.
type Store struct {
	mu          sync.Mutex
	records     map[domain.Key]domain.Record
	creds       map[domain.Key]domain.Credential
	fences      map[domain.Key]uint64
	floors      map[int]uint64 // by shard
	ops         []operation
	reads       []func()
	busy        bool // a commit is under way: a fault may delay it
	missed      int  // turns of the writer meanwhile
	incarnation int  // counts the incarnations of the writer
	// Wake is called when the writer or the reader has work.
	Wake func(who string, run func())
	// Rand decides the size of a batch and the outcome of its commit; nil commits everything.
	Rand *rand.Rand
	// Fault is the fault point of the writer; nil for none.
	Fault func(fault.Point) error
	// Committed is called with each record that changes, before and after.
	Committed func(before, after domain.Record)
}

// writer is the process that commits. The registrar's tree has no process of that name.
const writer = "store/writer"

var (
	errOvertaken = errors.New("another incarnation owns the user")
	errCommit    = errors.New("the commit failed")
	errFull      = domain.Wrap(domain.Full, "store", errors.New("the file has reached its maximum size"))
)

// NewStore makes an empty store.
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
	wake(writer, s.commit)
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

// commit carries out a part of the queue in order. The batch is committed, lost, or committed
// with an unknown outcome. If the writer crashes, the batch is refused.
func (s *Store) commit() {
	if !s.begin() {
		return // it is called again
	}
	defer s.end()
	b := &batch{writes: map[domain.Key]domain.Record{}, refused: map[domain.Key]error{}}
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
		wake(writer, s.commit)
	}
}

func (s *Store) hit(at fault.Point) error {
	if s.Fault == nil {
		return nil
	}
	return s.Fault(at)
}

// dropQueue drops the queue as kill -9 does; a part of it may have been committed just before.
// Every caller gets an error, so that it ends.
func (s *Store) dropQueue() {
	s.mu.Lock()
	ops, reads := s.ops, s.reads
	s.ops, s.reads = nil, nil
	s.dropFences()
	s.mu.Unlock()
	for _, op := range ops {
		op.fail(domain.Wrap(domain.Unavailable, "store", errCommit))
	}
	for _, r := range reads {
		r()
	}
}

// dropFences drops the fences, which the file does not hold. The caller has s.mu.
func (s *Store) dropFences() { s.fences, s.floors = map[domain.Key]uint64{}, map[int]uint64{} }

// restart ends the writer and starts the next one. The collected batch is refused; the rest of
// the queue waits for the next writer, which knows no fences and no floors. The mailbox of the
// real writer stays, too.
func (s *Store) restart() {
	s.mu.Lock()
	n := len(s.ops)
	if s.Rand != nil && n > 0 {
		n = s.Rand.IntN(n + 1)
	}
	b := &batch{ops: s.ops[:n]}
	s.ops = slices.Clone(s.ops[n:])
	s.dropFences()
	s.incarnation++
	s.mu.Unlock()
	b.refuse()
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
