package persistence

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
)

// migration turns a value of one format into one of the next format; nil drops the value.
type migration func(kind string, key, value []byte) ([]byte, error)

// migrations returns the step from each earlier format of a kind of file to the next one. A new
// format needs a step here, and golden files in testdata.
func migrations(kind string) map[uint32]migration {
	if kind == registrationsKind {
		return map[uint32]migration{1: registrationTo2}
	}
	return nil
}

// registrationTo2 adds the flow of each binding, see [flowOf].
func registrationTo2(_ string, key, value []byte) ([]byte, error) {
	rec, err := decodeRecord(key, value)
	if err != nil {
		return nil, err
	}
	return encodeRecord(&rec, binary.BigEndian.Uint64(value[epochAt:])), nil
}

// migrate brings a verified file to the current format. First it keeps a backup beside the file
// and returns its name. Then it copies all values into a new file, syncs it and renames it into
// place. A crash at any time leaves the old file or the new one.
func migrate(o Options, kind string, from uint32) (backup string, err error) {
	began := time.Now()
	backup, err = migrateWith(o, kind, from, formatOf(kind), migrations(kind))
	if err != nil {
		return "", err
	}
	o.Log.Info().Str("file", kind+".db").Uint32("from_format", from).Uint32("to_format", formatOf(kind)).
		Str("backup", backup).Dur("took", time.Since(began)).Msg("store format upgraded")
	return backup, nil
}

func migrateWith(o Options, kind string, from, to uint32, steps map[uint32]migration) (backup string, err error) {
	path := o.path(kind)
	for f := from; f < to; f++ {
		if steps[f] == nil {
			return "", refusal(path, fmt.Sprintf("has format %d, which this program cannot upgrade: use an earlier version", from))
		}
	}
	backup, err = keepBackup(o, kind, from)
	if err == nil {
		err = rewrite(o, kind, to, func(k, v []byte) ([]byte, error) { return migrateValue(kind, from, to, steps, k, v) })
	}
	if err != nil {
		err = fmt.Errorf("cannot be upgraded to format %d, and is unchanged: %w", to, err)
		return "", domain.Wrap(domain.Unavailable, filepath.Base(path), err)
	}
	return backup, nil
}

// migrateValue takes a value through all steps between two formats.
func migrateValue(kind string, from, to uint32, steps map[uint32]migration, k, v []byte) (_ []byte, err error) {
	for f := from; f < to && v != nil; f++ {
		if v, err = steps[f](kind, k, v); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// openReadOnly opens a file that nobody writes.
func openReadOnly(o Options, kind string) (*bolt.DB, error) {
	opts := o.bolt()
	opts.ReadOnly, opts.InitialMmapSize = true, 0
	db, err := bolt.Open(o.path(kind), 0o600, opts)
	if err != nil {
		return nil, refusal(o.path(kind), "cannot be read ("+err.Error()+")"+remedy)
	}
	return db, nil
}
