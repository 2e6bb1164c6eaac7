package persistence

import (
	"maps"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
	"registrar/actors/fault"
	"registrar/actors/otp"
	"registrar/actors/trace"
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
			return &credentialWriter{keeper: newKeeper(s.opts, credentialsKind, s.file, &s.health)}
		}),
	}
	return otp.SupSpec{Strategy: otp.OneForOne, Intensity: 3, Period: time.Minute, Children: append([]otp.ChildSpec{writer}, s.pool.children()...)}
}

// Lookup answers one user's credential, and whether there is one.
func (s *Credentials) Lookup(from otp.Origin, key domain.Key, done func(domain.Credential, bool, error)) {
	run(s.pool, from, key, func() (f found[domain.Credential], err error) {
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
	run(s.pool, from, after, func() (out []domain.Credential, err error) {
		err = s.file.view(func(data *bolt.Bucket) (err error) {
			out, err = page(data, realm, after, limit, s.opts.credential)
			return err
		})
		return out, err
	}, done)
}

// credentialWriter is the process that opens the credentials file and alone writes it. Its goroutine owns the counts.
type credentialWriter struct {
	keeper *keeper
	counts map[domain.Realm]int
}

// Init opens the file and checks all of it.
func (w *credentialWriter) Init(c *otp.Context[CredentialMessage]) error {
	w.counts = map[domain.Realm]int{}
	opts := w.keeper.opts
	err := w.keeper.begin(c.Epoch(), func(k, v []byte) error {
		cred, err := decodeCredential(k, v, opts.Keys)
		w.counts[cred.Key.Realm]++
		return err
	})
	if err != nil {
		return err
	}
	opts.Log.Info().Int("realms", len(w.counts)).Msg("credentials opened")
	if opts.Keys == nil {
		opts.Log.Warn().Msg("no key: the secrets of credentials are on disk as they are (see --key-file)")
	}
	return nil
}

// Handle takes one message.
func (w *credentialWriter) Handle(c *otp.Context[CredentialMessage], m CredentialMessage) {
	switch m := m.(type) {
	case realmsOp:
		m.done(maps.Clone(w.counts), nil)
	case applyOp:
		m.done(w.apply(c, m.changes))
	case resealOp:
		w.reseal(c, m)
	case reopen:
		if w.keeper.retry() {
			c.After(retryAfter, reopen{})
		}
	}
}

// Terminate closes the file. Whoever waits for a change that crashed the incarnation is answered by the engine.
func (w *credentialWriter) Terminate(*otp.Context[CredentialMessage], otp.Reason) {
	if err := w.keeper.close(); err != nil {
		w.keeper.opts.Log.Error().Err(err).Msg("closing the credentials file")
	}
}

// State is what an operator may see.
func (w *credentialWriter) State() any {
	return struct {
		State  string
		Realms int
	}{w.keeper.state.String(), len(w.counts)}
}

func (w *credentialWriter) apply(c *otp.Context[CredentialMessage], changes []CredentialChange) ([]domain.Key, error) {
	a := applied{delta: map[domain.Realm]int{}, opts: w.keeper.opts}
	size := func() string { return records(len(a.changed)) }
	if err := w.update(c, size, func(data *bolt.Bucket) error { return a.apply(data, changes) }); err != nil {
		return nil, err
	}
	for realm, d := range a.delta {
		if w.counts[realm] += d; w.counts[realm] == 0 {
			delete(w.counts, realm)
		}
	}
	return a.changed, nil
}

// update commits a change of the file; size says how large it was, once it is made.
func (w *credentialWriter) update(c *otp.Context[CredentialMessage], size func() string, change func(*bolt.Bucket) error) error {
	if err := w.keeper.refusesWrites(); err != nil {
		return err
	}
	err := faulty(c.Fault, func() error { return w.keeper.update(change) })
	switch {
	case err == nil:
		w.keeper.succeeded(true) // all of it fitted
		c.Trace(trace.Commit, trace.Note{Text: size()})
		if err := c.Fault(fault.AfterCommit, ""); err != nil {
			panic(err)
		}
	case domain.KindOf(err) != domain.Invalid && w.keeper.failed(err):
		c.After(retryAfter, reopen{})
	}
	return err
}

// applied is what changes did in one transaction.
type applied struct {
	opts    Options
	changed []domain.Key
	delta   map[domain.Realm]int
}

// apply makes the changes in key order; of several for one key the last counts.
func (a *applied) apply(data *bolt.Bucket, changes []CredentialChange) error {
	last := map[string]CredentialChange{}
	for _, ch := range changes {
		if err := fits(ch.Credential.Key); err != nil {
			return err
		}
		last[string(keyOf(ch.Credential.Key))] = ch
	}
	es := make([]entry, 0, len(last))
	for _, k := range slices.Sorted(maps.Keys(last)) {
		ch := last[k]
		e := entry{user: ch.Credential.Key, key: []byte(k)}
		there := data.Get(e.key) != nil
		switch {
		case ch.Delete && !there:
			continue
		case ch.Delete:
			a.delta[e.user.Realm]--
		default:
			if e.value = encodeCredential(&ch.Credential, a.opts.Keys); !there {
				a.delta[e.user.Realm]++
			}
		}
		es = append(es, e)
		a.changed = append(a.changed, e.user)
	}
	longer := int64(0)
	for _, e := range es {
		longer += growth(data, e)
	}
	if longer > 0 && longer > room(data, a.opts.MaxSize) {
		return errFull
	}
	return put(data, es)
}
