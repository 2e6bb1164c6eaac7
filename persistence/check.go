package persistence

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
)

// maxProblems bounds the problems that a report names for one file.
const maxProblems = 20

// Report is the result of the check of one file.
type Report struct {
	File string
	// Users, Bindings and Tombstones count the contents. Sealed counts the secrets by the number
	// of their key; 0 is a plain secret.
	Users, Bindings, Tombstones int
	Sealed                      map[byte]int
	Stats                       FileStats
	// Problems names the first twenty problems; it is empty for a sound file.
	Problems []string
}

// CheckFile checks a file (registrations or credentials) of an unused directory, or a copy:
// bbolt's pages, the key order, each checksum, and each header against its body. It changes
// nothing. It returns an error only if the file cannot be read at all.
func CheckFile(o Options, kind string) (Report, error) {
	r := Report{File: kind + ".db", Sealed: map[byte]int{}}
	if _, err := os.Stat(o.path(kind)); err != nil {
		return r, domain.Wrap(domain.NotFound, r.File, err)
	}
	if err := checkNotTruncated(o.path(kind)); err != nil {
		return r, err
	}
	_, err := verifyFile(o, kind, func(k, v []byte) error {
		r.Users++
		if err := r.value(o, kind, k, v); err != nil {
			r.problem(fmt.Errorf("user %d of the file: %w", r.Users, err)) // by position, since keys stay out of texts
		}
		return nil
	})
	if err != nil {
		return r, err
	}
	return r, r.pages(o, kind)
}

func (r *Report) problem(err error) {
	if len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, err.Error())
	}
}

// value checks one value in full.
func (r *Report) value(o Options, kind string, k, v []byte) error {
	if kind == credentialsKind {
		_, err := decodeCredential(k, v, o.Keys)
		if err == nil || errors.Is(err, errSealed) {
			r.Sealed[v[sealedAt]]++
		}
		return err
	}
	h, err := decodeHeader(k, v)
	if err != nil {
		return err
	}
	rec, err := decodeRecord(k, v)
	if err != nil {
		return err
	}
	r.Bindings, r.Tombstones = r.Bindings+len(rec.Bindings), r.Tombstones+len(rec.Tombstones)
	return checkConsistent(h, rec)
}

// checkConsistent compares a value's header with its body, and the ids of its bindings with each
// other.
func checkConsistent(h domain.Header, rec domain.Record) error {
	b := rec.Header()
	if h.Bindings != b.Bindings || !h.Deadline.Equal(b.Deadline) || !h.Until.Equal(b.Until) || h.Stamp != b.Stamp {
		return errors.New("header and body differ")
	}
	if rec.Empty() {
		return errors.New("record is empty")
	}
	seen := map[domain.CacheID]bool{}
	for _, x := range rec.Bindings {
		switch {
		case seen[x.ID]:
			return errors.New("two bindings have the same id")
		case x.ID == "" || x.Contact == "" || x.Deadline.IsZero():
			return errors.New("a binding has no id, contact or deadline")
		}
		seen[x.ID] = true
	}
	return nil
}

// pages lets bbolt check its own structure.
func (r *Report) pages(o Options, kind string) (err error) {
	opts := o.bolt()
	opts.ReadOnly, opts.InitialMmapSize, opts.PreLoadFreelist = true, 0, true
	db, err := bolt.Open(o.path(kind), 0o600, opts)
	if err != nil {
		return refusal(o.path(kind), "cannot be read ("+err.Error()+")"+remedy)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return db.View(func(tx *bolt.Tx) error { //nolint:wrapcheck // the errors are those of the function above.
		for e := range tx.Check() {
			r.problem(e)
		}
		r.Stats = statsOf(tx)
		return nil
	})
}

// checkNotTruncated refuses a file that is shorter than its meta page says, before a missing
// page is accessed.
func checkNotTruncated(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return domain.Wrap(domain.NotFound, filepath.Base(path), err)
	}
	opts := &bolt.Options{ReadOnly: true, Timeout: lockTimeout}
	db, err := bolt.Open(path, 0o600, opts)
	if err != nil {
		return refusal(path, "cannot be read ("+err.Error()+")"+remedy)
	}
	var size int64
	err = db.View(func(tx *bolt.Tx) error {
		size = tx.Size()
		return nil
	})
	if err = errors.Join(err, db.Close()); err != nil {
		return refusal(path, "cannot be read ("+err.Error()+")"+remedy)
	}
	if info.Size() < size {
		return refusal(path, fmt.Sprintf("is truncated (%d of %d bytes)", info.Size(), size)+remedy)
	}
	return nil
}
