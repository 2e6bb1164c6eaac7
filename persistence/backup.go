package persistence

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
)

// backupName is the name of the backup that a migration keeps: kind, format and time.
func backupName(kind string, format uint32, at time.Time) string {
	return fmt.Sprintf("%s.format%d.%s.db", kind, format, at.UTC().Format("20060102T150405.000Z"))
}

// keepBackup copies a file that nobody has open to one beside it, syncs it and returns its name. A
// migration that failed is repeated at the next start: a backup with the same content is kept
// instead of a second one. No backup is ever overwritten.
func keepBackup(o Options, kind string, format uint32) (name string, err error) {
	db, err := openReadOnly(o, kind)
	if err != nil {
		return "", err
	}
	f := &file{db: db}
	defer func() { err = errors.Join(err, f.close(0)) }()
	earlier, err := filepath.Glob(filepath.Join(o.Dir, fmt.Sprintf("%s.format%d.*.db", kind, format)))
	if err != nil {
		return "", fmt.Errorf("backup: %w", err)
	}
	for _, path := range earlier {
		if f.sameAs(path) {
			return filepath.Base(path), syncDir(o.Dir)
		}
	}
	name = backupName(kind, format, time.Now())
	path := filepath.Join(o.Dir, name)
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("backup %s exists already", name)
	}
	temp := path + ".new"
	if err := errors.Join(removeIfThere(temp), f.copyTo(temp)); err != nil {
		return "", fmt.Errorf("backup: %w", err)
	}
	if err := os.Rename(temp, path); err != nil {
		return "", fmt.Errorf("backup: %w", errors.Join(err, removeIfThere(temp)))
	}
	return name, syncDir(o.Dir)
}

// sameAs reports whether the file at path is a complete copy of this one.
func (f *file) sameAs(path string) bool {
	other, err := os.Open(path) //nolint:gosec // in the operator's own directory.
	if err != nil {
		return false
	}
	defer func() { _ = other.Close() }() // read only
	c := &comparer{r: bufio.NewReaderSize(other, 1<<20)}
	err = f.tx(func(tx *bolt.Tx) error {
		_, err := tx.WriteTo(c)
		return err //nolint:wrapcheck // it only counts as different.
	})
	_, rest := c.r.ReadByte()
	return err == nil && errors.Is(rest, io.EOF)
}

var errDiffers = errors.New("differs")

// comparer is a writer that fails at the first byte that differs from those of a reader.
type comparer struct {
	r   *bufio.Reader
	buf []byte
}

// Write compares.
func (c *comparer) Write(p []byte) (int, error) {
	if len(c.buf) < len(p) {
		c.buf = make([]byte, len(p))
	}
	if _, err := io.ReadFull(c.r, c.buf[:len(p)]); err != nil || !bytes.Equal(p, c.buf[:len(p)]) {
		return 0, errDiffers
	}
	return len(p), nil
}
