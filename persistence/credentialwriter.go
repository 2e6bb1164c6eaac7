package persistence

import (
	"maps"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
	"registrar/actors/fault"
	"registrar/actors/otp"
	"registrar/actors/trace"
)

// credentialWriter is the process that opens the credentials file and alone writes it. Its goroutine owns the counts.
type credentialWriter struct {
	manager *fileManager
	counts  map[domain.Realm]int
}

// Init opens the file and checks all of it.
func (w *credentialWriter) Init(c *otp.Context[CredentialMessage]) error {
	w.counts = map[domain.Realm]int{}
	opts := w.manager.opts
	err := w.manager.begin(c.Epoch(), func(k, v []byte) error {
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
		if w.manager.retry() {
			c.After(retryAfter, reopen{})
		}
	}
}

// Terminate closes the file. Whoever waits for a change that crashed the incarnation is answered by the engine.
func (w *credentialWriter) Terminate(*otp.Context[CredentialMessage], otp.Reason) {
	if err := w.manager.close(); err != nil {
		w.manager.opts.Log.Error().Err(err).Msg("closing the credentials file")
	}
}

// State is what an operator may see.
func (w *credentialWriter) State() any {
	return struct {
		State  string
		Realms int
	}{w.manager.state.String(), len(w.counts)}
}

func (w *credentialWriter) apply(c *otp.Context[CredentialMessage], changes []CredentialChange) ([]domain.Key, error) {
	a := applied{delta: map[domain.Realm]int{}, opts: w.manager.opts}
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
	if err := w.manager.refusesWrites(); err != nil {
		return err
	}
	err := withFaultPoints(c.Fault, func() error { return w.manager.update(change) })
	switch {
	case err == nil:
		w.manager.succeeded(true) // all of it fitted
		c.Trace(trace.Commit, trace.Note{Text: size()})
		if err := c.Fault(fault.AfterCommit, ""); err != nil {
			panic(err)
		}
	case domain.KindOf(err) != domain.Invalid && w.manager.failed(err):
		c.After(retryAfter, reopen{})
	}
	return err
}
