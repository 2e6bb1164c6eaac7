package persistence

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
)

// crashesKind is the kind of the file of crash stories.
const crashReportsKind = "crashes"

// Journal keeps the last entries of something in a file of its own: crash stories, which are worth keeping over a restart and not worth refusing to
// start. One goroutine uses it. What it holds is text to it.
type Journal struct {
	db  *bolt.DB
	max int
}

// OpenJournal opens the journal of crash stories in the data directory, whose lock the caller holds, for the last entries. One that is damaged is moved
// aside, to crashes.db.damaged, and a new one begun; one that is still in use is an error.
func OpenJournal(o Options, most int) (*Journal, error) {
	nothing := func(_, _ []byte) error { return nil }
	db, err := open(o, crashReportsKind, nothing)
	switch {
	case errors.Is(err, errInUse):
		return nil, err // by an incarnation that was abandoned: it lets go of it
	case err != nil:
		o.Log.Warn().Err(err).Str("file", crashReportsKind+".db").Msg("moved aside, and begun anew")
		if err := os.Rename(o.path(crashReportsKind), o.path(crashReportsKind)+".damaged"); err != nil {
			return nil, domain.Wrap(domain.Unavailable, "journal", err)
		}
		if db, err = open(o, crashReportsKind, nothing); err != nil {
			return nil, err
		}
	}
	return &Journal{db: db, max: most}, nil
}

// Append adds entries, each made of its number, which counts all that there ever were from 1 on, and forgets the oldest. It returns when they are on disk.
func (j *Journal) Append(entries ...func(n uint64) []byte) error {
	err := j.db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte(bucketData))
		for _, entry := range entries {
			n, err := b.NextSequence()
			if err != nil {
				return fmt.Errorf("number: %w", err)
			}
			if err := b.Put(binary.BigEndian.AppendUint64(nil, n), entry(n)); err != nil {
				return fmt.Errorf("put: %w", err)
			}
			if old := n - uint64(j.max); n > uint64(j.max) { //nolint:gosec // it is positive.
				if err := b.Delete(binary.BigEndian.AppendUint64(nil, old)); err != nil {
					return fmt.Errorf("delete: %w", err)
				}
			}
		}
		return nil
	})
	if err != nil {
		return domain.Wrap(domain.Unavailable, "journal", err)
	}
	return nil
}

// Entries returns all of them, the oldest first.
func (j *Journal) Entries() (all [][]byte, err error) {
	err = j.db.View(func(tx *bolt.Tx) error { return tx.Bucket([]byte(bucketData)).ForEach(gather(&all)) })
	if err != nil {
		return nil, domain.Wrap(domain.Unavailable, "journal", err)
	}
	return all, nil
}

// Close closes the file.
func (j *Journal) Close() error {
	if err := j.db.Close(); err != nil {
		return domain.Wrap(domain.Unavailable, "journal", err)
	}
	return nil
}

// ReadJournal returns the entries of a data directory whose lock the caller holds. None is no error. It changes nothing: what is damaged is an error here,
// and stays where it is.
func ReadJournal(o Options) (all [][]byte, err error) {
	if _, err := os.Stat(o.path(crashReportsKind)); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if _, err := verifyFile(o, crashReportsKind, gather(&all)); err != nil {
		return nil, err
	}
	return all, nil
}

// gather copies values out of a transaction.
func gather(all *[][]byte) visit {
	return func(_, v []byte) error {
		*all = append(*all, bytes.Clone(v))
		return nil
	}
}
