package persistence

import (
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// file is an open database that its writer may close and open again while readers use it. Its mutex is held for reading
// during each read; only the writer's process takes it for writing.
//
// A writer that was abandoned may still be about to open, to write or to close it when its successor has it: the epoch of an incarnation is its turn, and
// only the latest counts.
type file struct {
	mu         sync.RWMutex
	db         *bolt.DB
	ownerEpoch otp.Epoch // whose it is
}

var (
	errNotOpen  = errors.New("the store is not open")
	errNotOwner = errors.New("the file is another writer's by now")
)

// replace closes what is open and opens anew; reads wait meanwhile. How the closing went is told to closed.
func (f *file) replace(turn otp.Epoch, open func() (*bolt.DB, error), closed func(error)) (err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if turn < f.ownerEpoch {
		return errNotOwner
	}
	f.ownerEpoch = turn
	if f.db != nil {
		closed(f.db.Close())
		f.db = nil
	}
	f.db, err = open()
	return err
}

// ours reports whether nobody has had a later turn.
func (f *file) ownedBy(turn otp.Epoch) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return turn >= f.ownerEpoch
}

// close closes the database once the reads in hand have ended, if it still is that of the turn.
func (f *file) close(turn otp.Epoch) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.db == nil || turn < f.ownerEpoch {
		return nil
	}
	db := f.db
	f.db = nil
	return db.Close()
}

// view runs a read-only transaction on the data. A page that cannot be read is an error, not the end of the process.
func (f *file) view(read func(data *bolt.Bucket) error) error {
	return f.tx(func(tx *bolt.Tx) error { return read(tx.Bucket([]byte(bucketData))) })
}

// tx runs a read-only transaction on all of the file.
func (f *file) tx(read func(*bolt.Tx) error) error {
	return f.guarded("read", func(db *bolt.DB) error { return db.View(read) })
}

// update runs a transaction and returns when it is on disk. After an error its outcome is unknown, unless write refused it as [domain.Invalid] or
// [domain.Full].
func (f *file) update(turn otp.Epoch, write func(data *bolt.Bucket) error) error {
	return f.guarded("write", func(db *bolt.DB) error {
		if turn < f.ownerEpoch {
			return domain.Wrap(domain.Conflict, "write", errNotOwner)
		}
		return unavailable(db.Update(func(tx *bolt.Tx) error { return write(tx.Bucket([]byte(bucketData))) }))
	})
}

// guarded runs do with the open database. Damage that is met on the way, in the file or under it, is an error.
func (f *file) guarded(op string, do func(*bolt.DB) error) (err error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.db == nil {
		return domain.Wrap(domain.Unavailable, op, errNotOpen)
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = domain.Wrap(domain.Unavailable, op, fmt.Errorf("the store is damaged: %v", r))
		}
	}()
	return do(f.db)
}
