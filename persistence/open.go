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
	"time"

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

// open opens one of the files: it makes it when there is none, looks through it read-only first, brings it to the present format, and only then
// opens it for writing. A file that is damaged is refused with one sentence, never repaired or replaced: see doc.go of the package.
func open(o Options, kind string, v visit) (*bolt.DB, error) {
	path := o.path(kind)
	if err := presentable(o, kind); err != nil {
		return nil, err
	}
	from, err := look(o, kind, v)
	if err != nil {
		return nil, err
	}
	if from < formatOf(kind) {
		if _, err := migrate(o, kind, from); err != nil {
			return nil, err
		}
	}
	db, err := bolt.Open(path, 0o600, o.bolt())
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, domain.Wrap(domain.Unavailable, filepath.Base(path), errInUse)
	case err != nil:
		return nil, refusal(path, "cannot be opened: "+err.Error())
	}
	return db, nil
}

// presentable makes sure that there is a file, which may be opened by its owner alone.
func presentable(o Options, kind string) error {
	path := o.path(kind)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := create(o, kind); err != nil {
			return fmt.Errorf("make %s: %w", filepath.Base(path), err)
		}
	case err != nil:
		return fmt.Errorf("open %s: %w", filepath.Base(path), err)
	case info.Size() == 0:
		return refusal(path, "is empty, which a store never is: restore a backup, or move the file away to start without it")
	case info.Mode().Perm()&0o077 != 0:
		if err := os.Chmod(path, 0o600); err != nil {
			return fmt.Errorf("open %s: %w", filepath.Base(path), err)
		}
		o.Log.Warn().Str("file", filepath.Base(path)).Msg("file could be read by others; its mode is now 0600")
	}
	return nil
}

func refusal(path, why string) error {
	return domain.Wrap(domain.Unavailable, filepath.Base(path), errors.New(why))
}

// create builds an empty file beside its place and renames it there: a file is not crash-safe while bbolt makes it.
func create(o Options, kind string) error {
	path := o.path(kind)
	temp := path + ".new"
	if err := build(o, temp, kind, formatOf(kind), func(func(k, v []byte) error) error { return nil }); err != nil {
		return errors.Join(err, removeIfThere(temp))
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	return syncDir(o.Dir)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the operator's own directory.
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

var errInUse = errors.New("is in use by another process")

const wayOut = ": restore a backup, or move the file away to start without it"

// look opens the file read-only and goes through all of it: format, kind, key order, and v for each value. Damage that would kill
// the process once the file is open for writing is an error here. It returns the file's format.
func look(o Options, kind string, v visit) (format uint32, err error) {
	path := o.path(kind)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = refusal(path, fmt.Sprintf("is damaged (%v)", r)+wayOut)
		}
	}()
	opts := o.bolt()
	opts.ReadOnly, opts.InitialMmapSize = true, 0
	if info, err := os.Stat(path); err == nil {
		opts.MmapFlags |= populate(info.Size())
	}
	db, err := bolt.Open(path, 0o600, opts)
	if err != nil {
		if errors.Is(err, bolterrors.ErrTimeout) {
			return 0, domain.Wrap(domain.Unavailable, filepath.Base(path), errInUse)
		}
		return 0, refusal(path, "cannot be read ("+err.Error()+")"+wayOut)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.View(func(tx *bolt.Tx) (err error) {
		if err := checkPages(path, db.Info().PageSize, tx); err != nil {
			return err
		}
		format, err = lookThrough(tx, kind, progress(o, kind, v))
		return err
	})
	if err != nil {
		return 0, domain.Wrap(domain.Unavailable, filepath.Base(path), err)
	}
	return format, nil
}

// progressEvery is after how long a look through a file says how far it has come, and how often again.
const progressEvery = 3 * time.Second

func progress(o Options, kind string, v visit) visit {
	n, next := 0, time.Now().Add(progressEvery)
	return func(key, value []byte) error {
		if n++; n&0xfff == 0 && time.Now().After(next) {
			next = time.Now().Add(progressEvery)
			o.Log.Info().Int("users", n).Str("file", kind+".db").Msg("looking through the file")
		}
		return v(key, value)
	}
}

func lookThrough(tx *bolt.Tx, kind string, v visit) (format uint32, err error) {
	meta, data := tx.Bucket([]byte(bucketMeta)), tx.Bucket([]byte(bucketData))
	if meta == nil || data == nil {
		return 0, errors.New("is not a store of the registrar")
	}
	f := meta.Get([]byte(metaFormat))
	if len(f) != 4 || string(meta.Get([]byte(metaKind))) != kind {
		return 0, fmt.Errorf("is not a store of %s", kind)
	}
	if format = binary.BigEndian.Uint32(f); format > formatOf(kind) {
		return 0, fmt.Errorf("has format %d, and this program knows formats up to %d: use the newer program that wrote it", format, formatOf(kind))
	}
	var last []byte
	c := data.Cursor()
	for k, val := c.First(); k != nil; k, val = c.Next() {
		if last != nil && bytes.Compare(last, k) >= 0 {
			return 0, errors.New("is damaged (keys out of order)" + wayOut)
		}
		last = append(last[:0], k...)
		if err := v(k, val); errors.Is(err, errSealed) {
			return 0, err
		} else if err != nil {
			return 0, fmt.Errorf("is damaged (%w)"+wayOut, err)
		}
	}
	return format, nil
}

// verifyOnly checks every value and keeps nothing.
func verifyOnly(o Options, kind string) visit {
	if kind == credentialsKind {
		return func(k, v []byte) error {
			_, err := decodeCredential(k, v, o.Keys)
			return err
		}
	}
	return func(k, v []byte) error {
		_, err := decodeHeader(k, v)
		return err
	}
}
