package persistence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
)

// migration turns a value of one format of the file into one of the next; nil drops it.
type migration func(kind string, key, value []byte) ([]byte, error)

// migrations returns the step from each earlier format to the next one. A new format needs a step
// here, and golden files in testdata.
func migrations() map[uint32]migration {
	return map[uint32]migration{1: registrationTo2}
}

// registrationTo2 adds the flow of each binding, see [flowOf].
func registrationTo2(_ string, key, value []byte) ([]byte, error) {
	rec, err := decodeRecord(key, value)
	if err != nil {
		return nil, err
	}
	return encodeRecord(&rec, binary.BigEndian.Uint64(value[epochAt:])), nil
}

// migrate brings a file that has been looked through to the present format: it copies all values beside it, syncs the copy and renames
// it into place. The old file stays until then.
func migrate(o Options, kind string, from uint32) error {
	return migrateWith(o, kind, from, formatOf(kind), migrations())
}

func migrateWith(o Options, kind string, from, to uint32, steps map[uint32]migration) error {
	path := o.path(kind)
	for f := from; f < to; f++ {
		if steps[f] == nil {
			return refusal(path, fmt.Sprintf("has format %d, which this program does not know any more: use an earlier one to bring it forward", from))
		}
	}
	o.Log.Info().Str("file", filepath.Base(path)).Uint32("from", from).Uint32("to", to).Msg("bringing the file to the present format")
	err := rewrite(o, kind, to, func(k, v []byte) (_ []byte, err error) {
		for f := from; f < to && v != nil; f++ {
			if v, err = steps[f](kind, k, v); err != nil {
				return nil, err
			}
		}
		return v, nil
	})
	if err != nil {
		return domain.Wrap(domain.Unavailable, filepath.Base(path), fmt.Errorf("cannot be brought to format %d: %w", to, err))
	}
	return nil
}

// rewriteChunk is how many values one transaction of a copy has: a larger one needs more memory and is no faster.
const rewriteChunk = 20_000

// rewrite copies a file that nobody has open, value by value in key order, into a fresh one, syncs that, and puts it in the place of the old one.
// Pages that were free, and what is still to be read in them, are left behind.
func rewrite(o Options, kind string, format uint32, change func(k, v []byte) ([]byte, error)) error {
	path := o.path(kind)
	opts := o.bolt()
	opts.ReadOnly, opts.InitialMmapSize = true, 0
	old, err := bolt.Open(path, 0o600, opts)
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
		return err
	}
	return syncDir(filepath.Dir(path))
}

// build makes a file and fills it with what fill puts, in key order, and syncs it once at the end.
func build(o Options, path, kind string, format uint32, fill func(put func(k, v []byte) error) error) (err error) {
	if err := removeIfThere(path); err != nil {
		return err
	}
	opts := o.bolt()
	opts.NoSync, opts.InitialMmapSize = true, 0
	db, err := bolt.Open(path, 0o600, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.Update(func(tx *bolt.Tx) error {
		meta, err := tx.CreateBucket([]byte(bucketMeta))
		if err != nil {
			return err
		}
		if _, err := tx.CreateBucket([]byte(bucketData)); err != nil {
			return err
		}
		return errors.Join(meta.Put([]byte(metaFormat), binary.BigEndian.AppendUint32(nil, format)), meta.Put([]byte(metaKind), []byte(kind)))
	})
	if err != nil {
		return err
	}
	c := &chunked{db: db}
	if err := errors.Join(fill(c.put), c.flush()); err != nil {
		return err
	}
	return db.Sync()
}

// chunked puts values in transactions of a bounded size.
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
		data.FillPercent = 0.9 // in key order: pages are split once
		for i := range c.keys {
			if err := data.Put(c.keys[i], c.values[i]); err != nil {
				return err
			}
		}
		return nil
	})
	c.keys, c.values = c.keys[:0], c.values[:0]
	return err
}
