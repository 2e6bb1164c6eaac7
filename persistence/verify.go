package persistence

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"registrar/actors/domain"
)

const remedy = ": restore a backup, or move the file away to start without it"

// verifyFile opens the file read-only and checks all of it: format, kind, key order, and v for
// each value. Damage that would end the process in a file open for writing is an error here. It
// returns the file's format.
func verifyFile(o Options, kind string, v visit) (format uint32, err error) {
	path := o.path(kind)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = refusal(path, fmt.Sprintf("is damaged (%v)", r)+remedy)
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
		return 0, refusal(path, "cannot be read ("+err.Error()+")"+remedy)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.View(func(tx *bolt.Tx) (err error) {
		if err := checkPages(path, db.Info().PageSize, tx); err != nil {
			return err
		}
		format, err = scan(tx, kind, progress(o, kind, v))
		return err
	})
	if err != nil {
		return 0, domain.Wrap(domain.Unavailable, filepath.Base(path), err)
	}
	return format, nil
}

// progressEvery is the interval of progress messages while a file is verified.
const progressEvery = 3 * time.Second

func progress(o Options, kind string, v visit) visit {
	n, next := 0, time.Now().Add(progressEvery)
	return func(key, value []byte) error {
		if n++; n&0xfff == 0 && time.Now().After(next) {
			next = time.Now().Add(progressEvery)
			o.Log.Info().Int("users", n).Str("file", kind+".db").Msg("verifying file")
		}
		return v(key, value)
	}
}

func scan(tx *bolt.Tx, kind string, v visit) (format uint32, err error) {
	meta, data := tx.Bucket([]byte(bucketMeta)), tx.Bucket([]byte(bucketData))
	if meta == nil || data == nil {
		return 0, errors.New("is not a store of the registrar")
	}
	f := meta.Get([]byte(metaFormat))
	if len(f) != 4 || string(meta.Get([]byte(metaKind))) != kind {
		return 0, fmt.Errorf("is not a store of %s", kind)
	}
	if format = binary.BigEndian.Uint32(f); format > formatOf(kind) {
		return 0, fmt.Errorf("has format %d, and this program supports formats up to %d: use the newer program that wrote it", format, formatOf(kind))
	}
	var last []byte
	c := data.Cursor()
	for k, val := c.First(); k != nil; k, val = c.Next() {
		if last != nil && bytes.Compare(last, k) >= 0 {
			return 0, errors.New("is damaged (keys out of order)" + remedy)
		}
		last = append(last[:0], k...)
		if err := v(k, val); errors.Is(err, errSealed) {
			return 0, err
		} else if err != nil {
			return 0, fmt.Errorf("is damaged (%w)"+remedy, err)
		}
	}
	return format, nil
}

// verifyOnly returns a visit that checks every value.
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
