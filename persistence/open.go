package persistence

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"registrar/actors/domain"
)

// The buckets, and the keys of bucket meta; see doc.go.
const (
	bucketMeta = "meta"
	bucketData = "data"
	metaFormat = "format"
	metaKind   = "kind"
)

// visit is called with each key and value of the data bucket, in key order. Both are valid only
// during the call.
type visit func(key, value []byte) error

// open opens a file: it creates a missing one, verifies it read-only, upgrades it to the current
// format, and only then opens it for writing. A damaged file is refused; it is never repaired or
// replaced.
func open(o Options, kind string, v visit) (*bolt.DB, error) {
	path := o.path(kind)
	if err := ensureFile(o, kind); err != nil {
		return nil, err
	}
	from, err := verifyFile(o, kind, v)
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

// ensureFile creates a missing file, and makes the file accessible to its owner only.
func ensureFile(o Options, kind string) error {
	path := o.path(kind)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := create(o, kind); err != nil {
			return fmt.Errorf("create %s: %w", filepath.Base(path), err)
		}
	case err != nil:
		return fmt.Errorf("open %s: %w", filepath.Base(path), err)
	case info.Size() == 0:
		return refusal(path, "is empty"+remedy)
	case info.Mode().Perm()&0o077 != 0:
		if err := os.Chmod(path, 0o600); err != nil {
			return fmt.Errorf("open %s: %w", filepath.Base(path), err)
		}
		o.Log.Warn().Str("file", filepath.Base(path)).Msg("file was accessible to other users, mode set to 0600")
	}
	return nil
}

func refusal(path, why string) error {
	return domain.Wrap(domain.Unavailable, filepath.Base(path), errors.New(why))
}

// create builds an empty file under another name and renames it: a file that bbolt creates is
// not crash-safe before.
func create(o Options, kind string) error {
	path := o.path(kind)
	temp := path + ".new"
	if err := build(o, temp, kind, formatOf(kind), func(func(k, v []byte) error) error { return nil }); err != nil {
		return errors.Join(err, removeIfThere(temp))
	}
	if err := os.Rename(temp, path); err != nil {
		return err //nolint:wrapcheck // the error names operation and path.
	}
	return syncDir(o.Dir)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err //nolint:wrapcheck // the error names operation and path.
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the operator's own directory.
	if err != nil {
		return err //nolint:wrapcheck // the error names operation and path.
	}
	return errors.Join(d.Sync(), d.Close())
}

var errInUse = errors.New("is in use by another process")
