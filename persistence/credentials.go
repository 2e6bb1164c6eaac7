package persistence

import (
	"time"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// CredentialChange is one credential to write, or to delete when Delete is set; then only its key counts.
type CredentialChange struct {
	Delete     bool
	Credential domain.Credential
}

// Credentials is the store of the users' credentials: the port of the realms' actors, and what commands change. It is safe for use
// by many goroutines.
type Credentials struct {
	opts   Options
	file   *file
	writer *otp.Ref[CredentialMessage]
	pool   *readers
	health
}

// NewCredentials makes the store's addresses. Nothing is opened before its [Credentials.Children] are started.
func NewCredentials(s *otp.System, o Options) *Credentials {
	return &Credentials{
		opts: o, file: &file{}, writer: otp.NewRef[CredentialMessage](s, "credentials/writer"), pool: newReaders(s, "credentials"),
	}
}

// Children declares the writer, which opens the file, and the readers.
func (s *Credentials) Children() otp.SupSpec {
	writer := otp.ChildSpec{
		ID: "writer", Shutdown: stopTimeout,
		Start: otp.Worker(s.writer, func() otp.Behaviour[CredentialMessage] {
			return &credentialWriter{manager: newFileManager(s.opts, credentialsKind, s.file, &s.health)}
		}),
	}
	return otp.SupSpec{Strategy: otp.OneForOne, Intensity: 3, Period: time.Minute, Children: append([]otp.ChildSpec{writer}, s.pool.children()...)}
}

// Lookup answers one user's credential, and whether there is one.
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

// Realms answers how many credentials each realm has, after every change that was accepted before.
func (s *Credentials) Realms(from otp.Origin, done func(map[domain.Realm]int, error)) {
	done = once(done)
	if err := s.writer.Tell(from, realmsOp{done: done}); err != nil {
		done(nil, unavailable(err))
	}
}

// Apply makes all of the changes or none, and answers the keys that are different now: a deletion of what was not there is
// not among them.
func (s *Credentials) Apply(from otp.Origin, changes []CredentialChange, done func([]domain.Key, error)) {
	done = once(done)
	if err := s.writer.Tell(from, applyOp{changes: changes, done: done}); err != nil {
		done(nil, unavailable(err))
	}
}

// Reseal seals every secret with the key that seals now, and answers how many it has changed. Others' work goes on in between. What was sealed otherwise
// stays in free pages until the file is compacted.
func (s *Credentials) Reseal(from otp.Origin, done func(int, error)) {
	done = once(done)
	if err := s.writer.Tell(from, resealOp{done: done}); err != nil {
		done(0, unavailable(err))
	}
}

// Page answers at most limit credentials in key order behind after, of one realm, or of all when realm is empty. A page that is shorter
// than limit is the last.
func (s *Credentials) Page(from otp.Origin, realm domain.Realm, after domain.Key, limit int, done func([]domain.Credential, error)) {
	submit(s.pool, from, after, func() (out []domain.Credential, err error) {
		err = s.file.view(func(data *bolt.Bucket) (err error) {
			out, err = page(data, realm, after, limit, s.opts.credential)
			return err
		})
		return out, err
	}, done)
}
