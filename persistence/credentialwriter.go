package persistence

import (
	"maps"

	bolt "go.etcd.io/bbolt"

	"registrar/actors/domain"
	"registrar/actors/fault"
	"registrar/actors/otp"
	"registrar/actors/trace"
)

// credentialWriter is the only process that opens and writes the credentials file. Its goroutine
// owns the counts.
type credentialWriter struct {
	manager *fileManager
	counts  map[domain.Realm]int
}

// Init verifies and opens the file.
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
		opts.Log.Warn().Msg("no key: credentials are stored in plain text; seal them with --key-file")
	}
	return nil
}

// Handle handles one message.
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

// Terminate closes the file. The system replies to the sender of a change that crashed the
// incarnation.
func (w *credentialWriter) Terminate(*otp.Context[CredentialMessage], otp.Reason) {
	if err := w.manager.close(); err != nil {
		w.manager.opts.Log.Error().Err(err).Msg("credentials file close failed")
	}
}

// State returns a summary for operators.
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

// update commits a change of the file. After the change, size returns its size for the trace.
func (w *credentialWriter) update(c *otp.Context[CredentialMessage], size func() string, change func(*bolt.Bucket) error) error {
	if err := w.manager.refusesWrites(); err != nil {
		return err
	}
	err := withFaultPoints(c.Fault, func() error { return w.manager.update(change) })
	switch {
	case err == nil:
		w.manager.succeeded(true) // every change fitted
		c.Trace(trace.Commit, trace.Note{Text: size()})
		if err := c.Fault(fault.AfterCommit, ""); err != nil {
			panic(err)
		}
	case domain.KindOf(err) != domain.Invalid && w.manager.failed(err):
		c.After(retryAfter, reopen{})
	}
	return err
}
