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

// file is an open database. Its writer may close and reopen it while readers use it. A read
// holds the mutex for reading; only the writer's process takes it for writing.
//
// An abandoned writer may still be about to open, write or close the file when its successor
// owns it. Calls carry the epoch of the incarnation; calls of older epochs are ignored.
type file struct {
	mu         sync.RWMutex
	db         *bolt.DB
	ownerEpoch otp.Epoch // of the incarnation that owns the file
}

var (
	errNotOpen  = errors.New("the store is not open")
	errNotOwner = errors.New("another writer owns the file")
)

// replace closes the database and opens it anew; reads wait meanwhile. The function closed gets
// the result of closing.
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

// ownedBy reports whether no later epoch owns the file.
func (f *file) ownedBy(turn otp.Epoch) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return turn >= f.ownerEpoch
}

// close waits for reads to end and closes the database, unless a later epoch owns it.
func (f *file) close(turn otp.Epoch) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.db == nil || turn < f.ownerEpoch {
		return nil
	}
	db := f.db
	f.db = nil
	return db.Close() //nolint:wrapcheck // the caller names the file.
}

// view runs a read-only transaction on the data. An unreadable page is an error, and does not
// end the process.
func (f *file) view(read func(data *bolt.Bucket) error) error {
	return f.tx(func(tx *bolt.Tx) error { return read(tx.Bucket([]byte(bucketData))) })
}

// tx runs a read-only transaction on the whole file.
func (f *file) tx(read func(*bolt.Tx) error) error {
	return f.guarded("read", func(db *bolt.DB) error { return db.View(read) })
}

// update runs a transaction and returns when it is on disk. After an error its outcome is
// unknown, unless write refused it with [domain.Invalid] or [domain.Full].
func (f *file) update(turn otp.Epoch, write func(data *bolt.Bucket) error) error {
	return f.guarded("write", func(db *bolt.DB) error {
		if turn < f.ownerEpoch {
			return domain.Wrap(domain.Conflict, "write", errNotOwner)
		}
		return unavailable(db.Update(func(tx *bolt.Tx) error { return write(tx.Bucket([]byte(bucketData))) }))
	})
}

// guarded runs do on the open database. It turns faults of a damaged file into an error.
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
