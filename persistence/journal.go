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

// crashReportsKind is the kind of the file of crash reports.
const crashReportsKind = "crashes"

// Journal keeps the last crash reports in a file of its own. They outlive a restart; an
// unreadable journal does not prevent a start. It is for one goroutine. An entry is opaque text.
type Journal struct {
	db  *bolt.DB
	max int
}

// OpenJournal opens the journal of a locked data directory; it keeps the last max entries. It
// renames a damaged journal to crashes.db.damaged and creates a new one. A journal in use is an
// error.
func OpenJournal(o Options, most int) (*Journal, error) {
	nothing := func(_, _ []byte) error { return nil }
	db, err := open(o, crashReportsKind, nothing)
	switch {
	case errors.Is(err, errInUse):
		return nil, err // an abandoned incarnation still closes it
	case err != nil:
		o.Log.Warn().Err(err).Str("file", crashReportsKind+".db").Msg("damaged file moved aside, new file created")
		if err := os.Rename(o.path(crashReportsKind), o.path(crashReportsKind)+".damaged"); err != nil {
			return nil, domain.Wrap(domain.Unavailable, "journal", err)
		}
		if db, err = open(o, crashReportsKind, nothing); err != nil {
			return nil, err
		}
	}
	return &Journal{db: db, max: most}, nil
}

// Append appends entries and drops the oldest. Each function gets the number of its entry,
// counted from 1 over all time. Append returns when the entries are on disk.
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

// Entries returns all entries, the oldest first.
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

// ReadJournal returns the entries of a locked data directory; none without a journal. It changes
// nothing: a damaged journal is an error.
func ReadJournal(o Options) (all [][]byte, err error) {
	if _, err := os.Stat(o.path(crashReportsKind)); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if _, err := verifyFile(o, crashReportsKind, gather(&all)); err != nil {
		return nil, err
	}
	return all, nil
}

// gather returns a visit that copies values.
func gather(all *[][]byte) visit {
	return func(_, v []byte) error {
		*all = append(*all, bytes.Clone(v))
		return nil
	}
}
