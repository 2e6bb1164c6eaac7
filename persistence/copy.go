package persistence

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// Kinds returns the names of the files, without their ending.
func Kinds() []string { return []string{credentialsKind, registrationsKind} }

// copyTo writes a consistent copy of the file as it is now to path, and syncs it. It goes to a file on the spot first because a transaction that
// stays open makes the database grow: a slow receiver must not hold one.
func (f *file) copyTo(path string) error {
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // in the operator's own directory.
	if err != nil {
		return domain.Wrap(domain.Unavailable, "copy", err)
	}
	err = f.tx(func(tx *bolt.Tx) error {
		_, err := tx.WriteTo(out)
		return err
	})
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return domain.Wrap(domain.Unavailable, "copy", errors.Join(err, removeIfThere(path)))
	}
	return nil
}

// Copy writes a consistent copy of the file to path, which must not be there.
func (r *Registrations) Copy(path string, done func(error)) {
	r.pool.copyOf(r.file, path, done)
}

// Copy writes a consistent copy of the file to path, which must not be there.
func (s *Credentials) Copy(path string, done func(error)) {
	s.pool.copyOf(s.file, path, done)
}

func (r *readers) copyOf(f *file, path string, done func(error)) {
	long(r, otp.External("control"), func() (none struct{}, err error) { return none, f.copyTo(path) }, func(_ struct{}, err error) { done(err) })
}

// Stats answers the sizes of the file.
func (r *Registrations) Stats(done func(FileStats, error)) { r.pool.stats(r.file, done) }

// Stats answers the sizes of the file.
func (s *Credentials) Stats(done func(FileStats, error)) { s.pool.stats(s.file, done) }

func (r *readers) stats(f *file, done func(FileStats, error)) {
	long(r, otp.External("control"), func() (stats FileStats, err error) {
		err = f.tx(func(tx *bolt.Tx) error {
			stats = statsOf(tx)
			return nil
		})
		return stats, err
	}, done)
}

// CopyFile is [Registrations.Copy] and [Credentials.Copy] in a directory that nobody uses.
func CopyFile(o Options, kind, path string) error {
	opts := o.bolt()
	opts.ReadOnly, opts.InitialMmapSize = true, 0
	if err := whole(o.path(kind)); err != nil {
		return err
	}
	db, err := bolt.Open(o.path(kind), 0o600, opts)
	if err != nil {
		return refusal(o.path(kind), "cannot be read ("+err.Error()+")"+wayOut)
	}
	f := &file{db: db}
	return errors.Join(f.copyTo(path), f.close(0))
}

// Compact rewrites a file of a directory that nobody uses without its free pages, and so without what was deleted from it. It returns the sizes
// before and after, in bytes. Until the new file is complete and on disk the old one stays.
func Compact(o Options, kind string) (before, after int64, err error) {
	path := o.path(kind)
	size := func() int64 {
		info, err := os.Stat(path)
		if err != nil {
			return 0
		}
		return info.Size()
	}
	before = size()
	format, err := look(o, kind, verifyOnly(o, kind))
	if err == nil {
		err = rewrite(o, kind, format, func(_, v []byte) ([]byte, error) { return v, nil })
	}
	if err != nil {
		return before, before, domain.Wrap(domain.Unavailable, "compact "+filepath.Base(path), err)
	}
	return before, size(), nil
}

// WriteArchive writes copies of files, each checked, to a tar archive.
func WriteArchive(w io.Writer, paths ...string) error {
	t := tar.NewWriter(w)
	for _, p := range paths {
		if err := addFile(t, p); err != nil {
			return domain.Wrap(domain.Unavailable, "archive", err)
		}
	}
	if err := t.Close(); err != nil {
		return domain.Wrap(domain.Unavailable, "archive", err)
	}
	return nil
}

func addFile(t *tar.Writer, path string) error {
	f, err := os.Open(path) //nolint:gosec // our own copy.
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // read only
	info, err := f.Stat()
	if err != nil {
		return err
	}
	h := &tar.Header{Name: filepath.Base(path), Mode: 0o600, Size: info.Size(), ModTime: info.ModTime(), Format: tar.FormatPAX}
	if err := t.WriteHeader(h); err != nil {
		return err
	}
	_, err = io.Copy(t, f)
	return err
}

// Restore puts the files of an archive into a directory that nobody uses. All of them are unpacked, synced and checked first; then each takes
// its place by a rename. A file that is there already is refused, or with replace kept beside it as NAME.before. It returns what was restored.
func Restore(o Options, archive io.Reader, replace bool) (reports []Report, err error) {
	temp, err := os.MkdirTemp(o.Dir, "restore-")
	if err != nil {
		return nil, domain.Wrap(domain.Unavailable, "restore", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	kinds, err := unpack(archive, temp)
	if err != nil {
		return nil, domain.Wrap(domain.Invalid, "restore", err)
	}
	unpacked := o
	unpacked.Dir = temp
	for _, kind := range kinds {
		r, err := CheckFile(unpacked, kind)
		if err == nil && len(r.Problems) > 0 {
			err = fmt.Errorf("%s: %s", r.File, r.Problems[0])
		}
		if err != nil {
			return nil, domain.Wrap(domain.Invalid, "the archive", err)
		}
		if _, err := os.Stat(o.path(kind)); err == nil && !replace {
			return nil, domain.Wrap(domain.Conflict, r.File, errors.New("is there already: --replace keeps it beside the new one"))
		}
		reports = append(reports, r)
	}
	for _, kind := range kinds {
		if err := os.Rename(o.path(kind), o.path(kind)+".before"); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, domain.Wrap(domain.Unavailable, "restore", err)
		}
		if err := os.Rename(unpacked.path(kind), o.path(kind)); err != nil {
			return nil, domain.Wrap(domain.Unavailable, "restore", err)
		}
	}
	if err := syncDir(o.Dir); err != nil {
		return nil, domain.Wrap(domain.Unavailable, "restore", err)
	}
	return reports, nil
}

func unpack(archive io.Reader, dir string) (kinds []string, err error) {
	t := tar.NewReader(archive)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("is not a backup of the registrar, or is cut short: %w", err)
		}
		kind, known := "", false
		for _, k := range Kinds() {
			if h.Name == k+".db" {
				kind, known = k, true
			}
		}
		if !known {
			return nil, errors.New("is not a backup of the registrar: there is another file in it")
		}
		if err := unpackFile(t, filepath.Join(dir, kind+".db")); err != nil {
			return nil, err
		}
		kinds = append(kinds, kind)
	}
	if len(kinds) == 0 {
		return nil, errors.New("is not a backup of the registrar: there is nothing in it")
	}
	return kinds, nil
}

func unpackFile(r io.Reader, path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // one of two names.
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("is cut short, or there is no space: %w", err)
	}
	return nil
}
