package persistence

import (
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
)

// file is an open database that its writer may close and open again while readers use it. Its mutex is held for reading
// during each read; only the writer's process takes it for writing.
type file struct {
	mu sync.RWMutex
	db *bolt.DB
}

var errNotOpen = errors.New("the store is not open")

func (f *file) set(db *bolt.DB) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.db = db
}

// close closes the database once the reads in hand have ended.
func (f *file) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.db == nil {
		return nil
	}
	db := f.db
	f.db = nil
	return db.Close() //nolint:wrapcheck // wrapped by the caller.
}

// view runs a read-only transaction. A page that cannot be read is an error, not the end of the process.
func (f *file) view(read func(data *bolt.Bucket) error) (err error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.db == nil {
		return domain.Wrap(domain.Unavailable, "read", errNotOpen)
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = domain.Wrap(domain.Unavailable, "read", fmt.Errorf("the store is damaged: %v", r))
		}
	}()
	return f.db.View(func(tx *bolt.Tx) error { return read(tx.Bucket([]byte(bucketData))) }) //nolint:wrapcheck // our own.
}

// update runs a transaction and returns when it is on disk. After an error its outcome is unknown.
func (f *file) update(write func(data *bolt.Bucket) error) error {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.db == nil {
		return domain.Wrap(domain.Unavailable, "write", errNotOpen)
	}
	if err := f.db.Update(func(tx *bolt.Tx) error { return write(tx.Bucket([]byte(bucketData))) }); err != nil {
		return domain.Wrap(domain.Unavailable, "write", err)
	}
	return nil
}
