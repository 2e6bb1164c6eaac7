package persistence

import (
	"fmt"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
)

// Commands use the files directly, without processes, while they hold the directory's [Lock].

// CredentialsFile is the open credentials file. It is for one goroutine.
type CredentialsFile struct {
	f    file
	opts Options
}

// OpenCredentials verifies and opens the credentials file. It creates a missing file.
func OpenCredentials(o Options) (*CredentialsFile, error) {
	c := &CredentialsFile{opts: o}
	return c, c.f.replace(0, func() (*bolt.DB, error) { return open(o, credentialsKind, verifyOnly(o, credentialsKind)) }, nil)
}

// Apply makes all of the changes or none, and returns the keys that changed.
func (c *CredentialsFile) Apply(changes []CredentialChange) ([]domain.Key, error) {
	a := applied{delta: map[domain.Realm]int{}, opts: c.opts}
	if err := c.update(func(data *bolt.Bucket) error { return a.apply(data, changes) }); err != nil {
		return nil, err
	}
	return a.changed, nil
}

func (c *CredentialsFile) update(change func(*bolt.Bucket) error) error { return c.f.update(0, change) }

// Reseal is [Credentials.Reseal].
func (c *CredentialsFile) Reseal() (n int, err error) {
	for after := []byte{}; after != nil; {
		var changed int
		if changed, after, err = resealChunk(&c.f, c.opts.Keys, after, func(_ int, change func(*bolt.Bucket) error) error { return c.update(change) }); err != nil {
			return n, err
		}
		n += changed
	}
	return n, nil
}

// Page is [Credentials.Page].
func (c *CredentialsFile) Page(realm domain.Realm, after domain.Key, limit int) (out []domain.Credential, err error) {
	err = c.f.view(func(data *bolt.Bucket) (err error) {
		out, err = page(data, realm, after, limit, c.opts.credential)
		return err
	})
	return out, err
}

// Close closes the file.
func (c *CredentialsFile) Close() error {
	if err := c.f.close(0); err != nil {
		return fmt.Errorf("close the credentials file: %w", err)
	}
	return nil
}

// RegistrationsFile is the open registrations file. It is for one goroutine.
type RegistrationsFile struct{ f file }

// OpenRegistrations verifies and opens the registrations file. It creates a missing file.
func OpenRegistrations(o Options) (*RegistrationsFile, error) {
	r := &RegistrationsFile{}
	return r, r.f.replace(0, func() (*bolt.DB, error) { return open(o, registrationsKind, verifyOnly(o, registrationsKind)) }, nil)
}

// Get is [Registrations.Get].
func (r *RegistrationsFile) Get(key domain.Key) (rec domain.Record, found bool, err error) {
	err = r.f.view(func(data *bolt.Bucket) (err error) {
		rec, found, err = get(data, key)
		return err
	})
	return rec, found, err
}

// Page is [Registrations.Page].
func (r *RegistrationsFile) Page(realm domain.Realm, after domain.Key, limit int) (out []domain.Record, err error) {
	err = r.f.view(func(data *bolt.Bucket) (err error) {
		out, err = page(data, realm, after, limit, decodeRecord)
		return err
	})
	return out, err
}

// changeChunk is how many records [RegistrationsFile.Change] reads in one transaction.
const changeChunk = 1000

// Change replaces the records of a realm, or of one user of it, for which decide returns true, and
// returns how many it replaced. An empty record is deleted. Each [changeChunk] records are one
// commit: after an error the earlier ones are changed.
func (r *RegistrationsFile) Change(realm domain.Realm, user domain.User, decide func(domain.Record) (domain.Record, bool)) (n int, err error) {
	if user != "" {
		err = r.f.update(0, func(data *bolt.Bucket) error {
			rec, found, err := get(data, domain.Key{Realm: realm, User: user})
			if err != nil || !found {
				return err
			}
			n, err = change(data, []domain.Record{rec}, decide)
			return err
		})
		return n, err
	}
	var after domain.Key
	for last := false; !last; {
		changed := 0
		err := r.f.update(0, func(data *bolt.Bucket) error {
			recs, err := page(data, realm, after, changeChunk, decodeRecord)
			if err != nil {
				return err
			}
			if last = len(recs) < changeChunk; !last {
				after = recs[len(recs)-1].Key
			}
			changed, err = change(data, recs, decide)
			return err
		})
		if err != nil {
			return n, err
		}
		n += changed
	}
	return n, nil
}

func change(data *bolt.Bucket, recs []domain.Record, decide func(domain.Record) (domain.Record, bool)) (n int, err error) {
	for _, rec := range recs {
		next, changed := decide(rec)
		if !changed {
			continue
		}
		if next.Empty() {
			err = data.Delete(keyOf(rec.Key))
		} else {
			err = data.Put(keyOf(rec.Key), encodeRecord(&next, 0))
		}
		if err != nil {
			return n, fmt.Errorf("change %s: %w", rec.Key, err)
		}
		n++
	}
	return n, nil
}

// Close closes the file.
func (r *RegistrationsFile) Close() error {
	if err := r.f.close(0); err != nil {
		return fmt.Errorf("close the registrations file: %w", err)
	}
	return nil
}
