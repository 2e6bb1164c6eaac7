package persistence

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"registrar/actors/domain"
)

// The buckets and the keys of bucket meta; see doc.go.
const (
	bucketMeta = "meta"
	bucketData = "data"
	metaFormat = "format"
	metaKind   = "kind"
)

// visit is called with each key and value of the data bucket, in key order; both are only valid during the call.
type visit func(key, value []byte) error

// open opens one of the files: it makes it when there is none, looks through it read-only first, and only then opens it for
// writing. A file that is damaged is refused with one sentence, never repaired or replaced: see doc.go of the package.
func open(o Options, kind string, v visit) (*bolt.DB, error) {
	path := o.path(kind)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := create(o, kind); err != nil {
			return nil, fmt.Errorf("make %s: %w", filepath.Base(path), err)
		}
	case err != nil:
		return nil, fmt.Errorf("open %s: %w", filepath.Base(path), err)
	case info.Size() == 0:
		return nil, refusal(path, "is empty, which a store never is: restore a backup, or move the file away to start without it")
	case info.Mode().Perm()&0o077 != 0:
		if err := os.Chmod(path, 0o600); err != nil {
			return nil, fmt.Errorf("open %s: %w", filepath.Base(path), err)
		}
		o.Log.Warn().Str("file", filepath.Base(path)).Msg("file could be read by others; its mode is now 0600")
	}
	if err := look(o, kind, v); err != nil {
		return nil, err
	}
	db, err := bolt.Open(path, 0o600, o.bolt())
	if err != nil {
		return nil, refusal(path, "cannot be opened: "+err.Error())
	}
	return db, nil
}

func refusal(path, why string) error {
	return domain.Wrap(domain.Unavailable, filepath.Base(path), errors.New(why))
}

// create builds a file beside its place and renames it there: a file is not crash-safe while bbolt makes it.
func create(o Options, kind string) error {
	path := o.path(kind)
	temp := path + ".new"
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err //nolint:wrapcheck // wrapped by the caller.
	}
	opts := o.bolt()
	opts.NoSync, opts.InitialMmapSize = true, 0 // synced once, below
	db, err := bolt.Open(temp, 0o600, opts)
	if err != nil {
		return err //nolint:wrapcheck // as above.
	}
	err = db.Update(func(tx *bolt.Tx) error {
		meta, err := tx.CreateBucket([]byte(bucketMeta))
		if err != nil {
			return err //nolint:wrapcheck // as above.
		}
		if _, err := tx.CreateBucket([]byte(bucketData)); err != nil {
			return err //nolint:wrapcheck // as above.
		}
		return errors.Join(meta.Put([]byte(metaFormat), binary.BigEndian.AppendUint32(nil, fileFormat)), meta.Put([]byte(metaKind), []byte(kind)))
	})
	if err = errors.Join(err, db.Sync(), db.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err //nolint:wrapcheck // as above.
	}
	return syncDir(o.Dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the operator's own directory.
	if err != nil {
		return err //nolint:wrapcheck // wrapped by the caller.
	}
	return errors.Join(d.Sync(), d.Close())
}

// look opens the file read-only and goes through all of it: format, kind, key order, and v for each value. Damage that would kill
// the process once the file is open for writing is an error here.
func look(o Options, kind string, v visit) (err error) {
	path := o.path(kind)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = refusal(path, fmt.Sprintf("is damaged (%v): restore a backup, or move the file away to start without it", r))
		}
	}()
	opts := o.bolt()
	opts.ReadOnly, opts.InitialMmapSize = true, 0
	db, err := bolt.Open(path, 0o600, opts)
	if err != nil {
		if errors.Is(err, bolterrors.ErrTimeout) {
			return refusal(path, "is in use by another process")
		}
		return refusal(path, "cannot be read ("+err.Error()+"): restore a backup, or move the file away to start without it")
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.View(func(tx *bolt.Tx) error { return lookThrough(tx, kind, v) }); err != nil {
		return domain.Wrap(domain.Unavailable, filepath.Base(path), err)
	}
	return nil
}

func lookThrough(tx *bolt.Tx, kind string, v visit) error {
	meta, data := tx.Bucket([]byte(bucketMeta)), tx.Bucket([]byte(bucketData))
	if meta == nil || data == nil {
		return errors.New("is not a store of the registrar")
	}
	format := meta.Get([]byte(metaFormat))
	if len(format) != 4 || string(meta.Get([]byte(metaKind))) != kind {
		return fmt.Errorf("is not a store of %s", kind)
	}
	if f := binary.BigEndian.Uint32(format); f > fileFormat {
		return fmt.Errorf("has format %d, and this program knows formats up to %d: use the newer program that wrote it", f, fileFormat)
	}
	var last []byte
	c := data.Cursor()
	for k, val := c.First(); k != nil; k, val = c.Next() {
		if last != nil && bytes.Compare(last, k) >= 0 {
			return errors.New("is damaged (keys out of order): restore a backup, or move the file away to start without it")
		}
		last = append(last[:0], k...)
		if err := v(k, val); err != nil {
			return fmt.Errorf("is damaged (%w): restore a backup, or move the file away to start without it", err)
		}
	}
	return nil
}
