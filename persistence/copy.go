package persistence

import (
	"errors"
	"os"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// Kinds returns the names of the files, without their extension.
func Kinds() []string { return []string{credentialsKind, registrationsKind} }

// copyTo writes a consistent copy of the file to path, and syncs it. The copy is local because a
// long read transaction makes the database grow; a slow receiver must not hold one.
func (f *file) copyTo(path string) error {
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // in the operator's own directory.
	if err != nil {
		return domain.Wrap(domain.Unavailable, "copy", err)
	}
	err = f.tx(func(tx *bolt.Tx) error {
		_, err := tx.WriteTo(out)
		return err //nolint:wrapcheck // the caller names the file.
	})
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return domain.Wrap(domain.Unavailable, "copy", errors.Join(err, removeIfThere(path)))
	}
	return nil
}

// Copy writes a consistent copy of the file to path, which must not exist.
func (r *Registrations) Copy(path string, done func(error)) {
	r.pool.copyOf(r.file, path, done)
}

// Copy writes a consistent copy of the file to path, which must not exist.
func (s *Credentials) Copy(path string, done func(error)) {
	s.pool.copyOf(s.file, path, done)
}

func (r *readers) copyOf(f *file, path string, done func(error)) {
	submitBulk(r, otp.External("control"), func() (none struct{}, err error) { return none, f.copyTo(path) }, func(_ struct{}, err error) { done(err) })
}
