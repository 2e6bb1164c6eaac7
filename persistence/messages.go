package persistence

import (
	"registrar/actors/domain"
)

// WriterMessage is a message to the writer of the registrations file. Only the first call of a
// callback counts, see [once].
type WriterMessage interface{ writerMessage() }

type fenceOp struct {
	key   domain.Key
	epoch uint64
	done  func(domain.Record, error)
}

type writeOp struct {
	rec   domain.Record
	value []byte // encoded by the caller; nil deletes
	epoch uint64
	done  func(struct{}, error)
}

type releaseOp struct {
	key   domain.Key
	epoch uint64
}

type primeOp struct {
	shard, shards int
	epoch         uint64
	done          func([]domain.Header, error)
}

// pruneOp removes ended bindings and tombstones of users without an incarnation.
type pruneOp struct {
	keys   []domain.Key
	decide func(domain.Record) (domain.Record, bool)
	done   func(pruned, error)
}

// pruned is the result of a pruneOp.
type pruned struct {
	changed []domain.Header
	owned   []domain.Key
}

// commitNow is queued behind the pending operations: when it is handled, all of them are in the
// batch.
type commitNow struct{}

// reopen triggers the next attempt after a failed commit.
type reopen struct{}

// Undelivered replies in place of a writer that has ended.
func (op fenceOp) Undelivered(err error) { op.done(domain.Record{}, unavailable(err)) }

// Undelivered replies in place of a writer that has ended.
func (op writeOp) Undelivered(err error) { op.done(struct{}{}, unavailable(err)) }

// Undelivered replies in place of a writer that has ended.
func (op primeOp) Undelivered(err error) { op.done(nil, unavailable(err)) }

// Undelivered replies in place of a writer that has ended.
func (op pruneOp) Undelivered(err error) { op.done(pruned{}, unavailable(err)) }

func (pruneOp) writerMessage()   {}
func (fenceOp) writerMessage()   {}
func (writeOp) writerMessage()   {}
func (releaseOp) writerMessage() {}
func (primeOp) writerMessage()   {}
func (commitNow) writerMessage() {}
func (reopen) writerMessage()    {}

// ReaderMessage is a message to a reader.
type ReaderMessage interface{ readerMessage() }

// read is one read. The reader calls do, which replies; fail replies with an error instead.
type read struct {
	key  domain.Key
	do   func()
	fail func(error)
}

// Undelivered replies in place of a reader that has ended.
func (r read) Undelivered(err error) { r.fail(err) }

func (read) readerMessage() {}

// CredentialMessage is a message to the writer of the credentials file.
type CredentialMessage interface{ credentialMessage() }

type applyOp struct {
	changes []CredentialChange
	done    func([]domain.Key, error)
}

type realmsOp struct {
	done func(map[domain.Realm]int, error)
}

// Undelivered replies in place of a writer that has ended.
func (op applyOp) Undelivered(err error) { op.done(nil, unavailable(err)) }

// Undelivered replies in place of a writer that has ended.
func (op realmsOp) Undelivered(err error) { op.done(nil, unavailable(err)) }

// resealOp reseals a chunk of the credentials, and queues the rest behind other operations.
type resealOp struct {
	after []byte
	n     int
	done  func(int, error)
}

// Undelivered replies in place of a writer that has ended.
func (op resealOp) Undelivered(err error) { op.done(op.n, unavailable(err)) }

func (resealOp) credentialMessage() {}
func (applyOp) credentialMessage()  {}
func (realmsOp) credentialMessage() {}
func (reopen) credentialMessage()   {}
