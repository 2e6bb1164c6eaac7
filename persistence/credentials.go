package persistence

import (
	"time"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// CredentialChange is a credential to write, or with Delete to delete by its key.
type CredentialChange struct {
	Delete     bool
	Credential domain.Credential
}

// Credentials is the store of the users' credentials, for the realms' actors and for commands.
// It is safe for use by many goroutines.
type Credentials struct {
	opts   Options
	file   *file
	writer *otp.Ref[CredentialMessage]
	pool   *readers
	health
}

// NewCredentials returns a store that is not open: [Credentials.Children] opens it.
func NewCredentials(s *otp.System, o Options) *Credentials {
	return &Credentials{
		opts: o, file: &file{}, writer: otp.NewRef[CredentialMessage](s, "credentials/writer"), pool: newReaders(s, "credentials"),
	}
}

// Children returns the writer, which opens the file, and the readers.
func (s *Credentials) Children() otp.SupSpec {
	writer := otp.ChildSpec{
		ID: "writer", Shutdown: stopTimeout,
		Start: otp.Worker(s.writer, func() otp.Behaviour[CredentialMessage] {
			return &credentialWriter{manager: newFileManager(s.opts, credentialsKind, s.file, &s.health)}
		}),
	}
	return otp.SupSpec{Strategy: otp.OneForOne, Intensity: 3, Period: time.Minute, Children: append([]otp.ChildSpec{writer}, s.pool.children()...)}
}

// Lookup replies with a user's credential, and whether it exists.
func (s *Credentials) Lookup(from otp.Origin, key domain.Key, done func(domain.Credential, bool, error)) {
	submit(s.pool, from, key, func() (f found[domain.Credential], err error) {
		err = s.file.view(func(data *bolt.Bucket) error {
			k := keyOf(key)
			v := data.Get(k)
			if v == nil {
				return nil
			}
			f.there = true
			var err error
			f.value, err = decodeCredential(k, v, s.opts.Keys)
			return err
		})
		return f, err
	}, func(f found[domain.Credential], err error) { done(f.value, f.there, err) })
}

// Realms replies with the number of credentials of each realm, after every change accepted
// before.
func (s *Credentials) Realms(from otp.Origin, done func(map[domain.Realm]int, error)) {
	done = once(done)
	if err := s.writer.Tell(from, realmsOp{done: done}); err != nil {
		done(nil, unavailable(err))
	}
}

// Apply makes all of the changes or none. It replies with the keys that changed; the deletion of
// a missing credential changes nothing.
func (s *Credentials) Apply(from otp.Origin, changes []CredentialChange, done func([]domain.Key, error)) {
	done = once(done)
	if err := s.writer.Tell(from, applyOp{changes: changes, done: done}); err != nil {
		done(nil, unavailable(err))
	}
}

// Reseal seals every secret with the current key, and replies with the number of changed
// secrets. Other calls are served in between. The old ciphertexts stay in free pages until the
// file is compacted.
func (s *Credentials) Reseal(from otp.Origin, done func(int, error)) {
	done = once(done)
	if err := s.writer.Tell(from, resealOp{done: done}); err != nil {
		done(0, unavailable(err))
	}
}

// Page replies with at most limit credentials after a key, in key order, of one realm, or of all
// if realm is empty. A page shorter than limit is the last.
func (s *Credentials) Page(from otp.Origin, realm domain.Realm, after domain.Key, limit int, done func([]domain.Credential, error)) {
	submit(s.pool, from, after, func() (out []domain.Credential, err error) {
		err = s.file.view(func(data *bolt.Bucket) (err error) {
			out, err = page(data, realm, after, limit, s.opts.credential)
			return err
		})
		return out, err
	}, done)
}
