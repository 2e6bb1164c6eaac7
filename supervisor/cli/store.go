package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/domain"
	"registrar/actors/registration"
	"registrar/persistence"
	"registrar/supervisor"
	"registrar/supervisor/console"
)

// withStore runs a command on the files of a data directory, or through the server that uses it.
// The directory's lock decides: a socket can be left over from a killed server.
func withStore(dir string, keys *persistence.Keyring, use func(console.Store) error) error {
	lock, err := persistence.LockDir(dir)
	if domain.KindOf(err) == domain.Unavailable {
		return use(console.NewClient(filepath.Join(dir, supervisor.ControlSocket)))
	}
	if err != nil {
		return err
	}
	err = use(&files{opts: persistence.Options{Dir: dir, Log: zerolog.Nop(), Keys: keys}})
	return errors.Join(err, lock.Release())
}

// files is a data directory that no server uses; the caller holds its lock.
type files struct{ opts persistence.Options }

// Import writes credentials, all or none.
func (f *files) Import(_ context.Context, creds []domain.Credential) (int, error) {
	changes := make([]persistence.CredentialChange, 0, len(creds))
	for _, c := range creds {
		changes = append(changes, persistence.CredentialChange{Credential: c})
	}
	changed, err := f.apply(changes)
	return len(changed), err
}

// Delete deletes a credential and reports whether there was one.
func (f *files) Delete(_ context.Context, key domain.Key) (bool, error) {
	changed, err := f.apply([]persistence.CredentialChange{{Delete: true, Credential: domain.Credential{Key: key}}})
	return len(changed) > 0, err
}

func (f *files) apply(changes []persistence.CredentialChange) (changed []domain.Key, err error) {
	c, err := persistence.OpenCredentials(f.opts)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	return c.Apply(changes)
}

// Credentials lists credentials.
func (f *files) Credentials(_ context.Context, realm domain.Realm, after domain.Key, limit int) (out []domain.Credential, err error) {
	c, err := persistence.OpenCredentials(f.opts)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	return c.Page(realm, after, limit)
}

// Registrations lists records.
func (f *files) Registrations(_ context.Context, realm domain.Realm, after domain.Key, limit int) (out []domain.Record, err error) {
	r, err := persistence.OpenRegistrations(f.opts)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return r.Page(realm, after, limit)
}

// Registration returns one user's record.
func (f *files) Registration(_ context.Context, key domain.Key) (rec domain.Record, err error) {
	r, err := persistence.OpenRegistrations(f.opts)
	if err != nil {
		return domain.Record{}, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	rec, _, err = r.Get(key)
	return rec, err
}

// Secrets lists credentials with their secrets.
func (f *files) Secrets(ctx context.Context, after domain.Key, limit int) ([]domain.Credential, error) {
	return f.Credentials(ctx, "", after, limit)
}

// Reseal seals every secret with the current key.
func (f *files) Reseal(context.Context) (n int, err error) {
	c, err := persistence.OpenCredentials(f.opts)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	return c.Reseal()
}

// Copy writes one of the files unchanged.
func (f *files) Copy(_ context.Context, file string, w io.Writer) error {
	in, err := os.Open(filepath.Join(f.opts.Dir, file+".db")) //nolint:gosec // a directory of the operator.
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	defer func() { _ = in.Close() }() // read only
	if _, err := io.Copy(w, in); err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	return nil
}

// Stats returns the sizes of the files.
func (f *files) Stats(context.Context) (out []persistence.FileStats, err error) {
	for _, kind := range persistence.Kinds() {
		r, err := persistence.CheckFile(f.opts, kind)
		if err != nil {
			return nil, err
		}
		out = append(out, r.Stats)
	}
	return out, nil
}

// Flush removes the registrations of a realm, or of one user of it, with default limits.
func (f *files) Flush(_ context.Context, realm domain.Realm, user domain.User) (n int, err error) {
	r, err := persistence.OpenRegistrations(f.opts)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	now := time.Now()
	flush := registration.Flush{
		Stamp:  domain.Stamp{Arrival: now.UnixMilli()},
		Digest: domain.DigestOf(fmt.Appendf(nil, "flush %s %s %d", realm, user, now.UnixNano())),
	}
	limits := supervisor.DefaultConfig().Limits
	return r.Change(realm, user, func(rec domain.Record) (domain.Record, bool) {
		return registration.FlushRecord(rec, flush, now, limits)
	})
}

// pageSize is the number of entries of a listing that are read at a time.
const pageSize = 1000

// everything calls each for every entry, page by page.
func everything[T any](next func(after domain.Key) ([]T, error), keyOf func(T) domain.Key, each func(T) error) error {
	var after domain.Key
	for {
		list, err := next(after)
		if err != nil {
			return err
		}
		for _, x := range list {
			if err := each(x); err != nil {
				return err
			}
		}
		if len(list) < pageSize {
			return nil
		}
		after = keyOf(list[len(list)-1])
	}
}
