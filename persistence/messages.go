package persistence

import (
	"registrar/actors/domain"
)

// WriterMessage is what the writer of the registrations file understands. Of a callback only the first call counts, see once.
type WriterMessage interface{ writerMessage() }

type fenceOp struct {
	key   domain.Key
	epoch uint64
	done  func(domain.Record, error)
}

type writeOp struct {
	rec   domain.Record
	value []byte // encoded by who asks; nil deletes
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

// pruneOp takes what has ended out of records of users without an incarnation.
type pruneOp struct {
	keys   []domain.Key
	decide func(domain.Record) (domain.Record, bool)
	done   func(pruned, error)
}

// pruned is what a pruneOp has done.
type pruned struct {
	changed []domain.Header
	owned   []domain.Key
}

// commitNow stands behind what is queued: by the time it is handled, all of that is in the batch.
type commitNow struct{}

// reopen asks for the next attempt to open the file after a failed commit.
type reopen struct{}

// Undelivered answers in place of a writer that has ended.
func (op fenceOp) Undelivered(err error) { op.done(domain.Record{}, unavailable(err)) }

// Undelivered answers in place of a writer that has ended.
func (op writeOp) Undelivered(err error) { op.done(struct{}{}, unavailable(err)) }

// Undelivered answers in place of a writer that has ended.
func (op primeOp) Undelivered(err error) { op.done(nil, unavailable(err)) }

// Undelivered answers in place of a writer that has ended.
func (op pruneOp) Undelivered(err error) { op.done(pruned{}, unavailable(err)) }

func (pruneOp) writerMessage()   {}
func (fenceOp) writerMessage()   {}
func (writeOp) writerMessage()   {}
func (releaseOp) writerMessage() {}
func (primeOp) writerMessage()   {}
func (commitNow) writerMessage() {}
func (reopen) writerMessage()    {}

// ReaderMessage is what a reader understands.
type ReaderMessage interface{ readerMessage() }

// read is one read: do is called on the reader's goroutine and answers, fail answers in its stead.
type read struct {
	key  domain.Key
	do   func()
	fail func(error)
}

// Undelivered answers in place of a reader that has ended.
func (r read) Undelivered(err error) { r.fail(err) }

func (read) readerMessage() {}

// CredentialMessage is what the writer of the credentials file understands.
type CredentialMessage interface{ credentialMessage() }

type applyOp struct {
	changes []CredentialChange
	done    func([]domain.Key, error)
}

type realmsOp struct {
	done func(map[domain.Realm]int, error)
}

// Undelivered answers in place of a writer that has ended.
func (op applyOp) Undelivered(err error) { op.done(nil, unavailable(err)) }

// Undelivered answers in place of a writer that has ended.
func (op realmsOp) Undelivered(err error) { op.done(nil, unavailable(err)) }

// resealOp seals a part of the credentials anew and goes on behind what is queued.
type resealOp struct {
	after []byte
	n     int
	done  func(int, error)
}

// Undelivered answers in place of a writer that has ended.
func (op resealOp) Undelivered(err error) { op.done(op.n, unavailable(err)) }

func (resealOp) credentialMessage() {}
func (applyOp) credentialMessage()  {}
func (realmsOp) credentialMessage() {}
func (reopen) credentialMessage()   {}
