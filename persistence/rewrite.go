package persistence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
)

// rewriteChunk is the number of values in one transaction of a copy: more need more memory and
// are no faster.
const rewriteChunk = 20_000

// rewrite copies a closed file, value by value in key order, into a new one, syncs it and
// renames it into place. Free pages, and deleted data in them, are not copied.
func rewrite(o Options, kind string, format uint32, change func(k, v []byte) ([]byte, error)) error {
	path := o.path(kind)
	old, err := openReadOnly(o, kind)
	if err != nil {
		return err
	}
	temp := path + ".new"
	err = build(o, temp, kind, format, func(put func(k, v []byte) error) error {
		return old.View(func(tx *bolt.Tx) error {
			return tx.Bucket([]byte(bucketData)).ForEach(func(k, v []byte) error {
				v, err := change(k, v)
				if err != nil || v == nil {
					return err
				}
				return put(k, v)
			})
		})
	})
	if err = errors.Join(err, old.Close()); err != nil {
		return errors.Join(err, removeIfThere(temp))
	}
	if err := os.Rename(temp, path); err != nil {
		return err //nolint:wrapcheck // the error names operation and path.
	}
	return syncDir(filepath.Dir(path))
}

// build creates a file, writes the values that fill puts in key order, and syncs it once at the
// end.
func build(o Options, path, kind string, format uint32, fill func(put func(k, v []byte) error) error) (err error) {
	if err := removeIfThere(path); err != nil {
		return err
	}
	opts := o.bolt()
	opts.NoSync, opts.InitialMmapSize = true, 0
	db, err := bolt.Open(path, 0o600, opts)
	if err != nil {
		return fmt.Errorf("open the new file: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.Update(func(tx *bolt.Tx) error {
		meta, err := tx.CreateBucket([]byte(bucketMeta))
		if err != nil {
			return fmt.Errorf("create bucket: %w", err)
		}
		if _, err := tx.CreateBucket([]byte(bucketData)); err != nil {
			return fmt.Errorf("create bucket: %w", err)
		}
		return errors.Join(meta.Put([]byte(metaFormat), binary.BigEndian.AppendUint32(nil, format)), meta.Put([]byte(metaKind), []byte(kind)))
	})
	if err != nil {
		return fmt.Errorf("begin the new file: %w", err)
	}
	c := &chunked{db: db}
	if err := errors.Join(fill(c.put), c.flush()); err != nil {
		return err
	}
	return db.Sync() //nolint:wrapcheck // the caller names the file.
}

// chunked puts values in transactions of bounded size.
type chunked struct {
	db     *bolt.DB
	keys   [][]byte
	values [][]byte
}

func (c *chunked) put(k, v []byte) error {
	c.keys, c.values = append(c.keys, append([]byte(nil), k...)), append(c.values, append([]byte(nil), v...))
	if len(c.keys) < rewriteChunk {
		return nil
	}
	return c.flush()
}

func (c *chunked) flush() error {
	err := c.db.Update(func(tx *bolt.Tx) error {
		data := tx.Bucket([]byte(bucketData))
		data.FillPercent = 0.9 // values come in key order, so a page is split once
		for i := range c.keys {
			if err := data.Put(c.keys[i], c.values[i]); err != nil {
				return fmt.Errorf("put: %w", err)
			}
		}
		return nil
	})
	c.keys, c.values = c.keys[:0], c.values[:0]
	return err //nolint:wrapcheck // wrapped above.
}
