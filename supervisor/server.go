package supervisor

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"registrar/actors/credential"
	"registrar/actors/directory"
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/trace"
	"registrar/amqpbridge"
	"registrar/persistence"
	"registrar/supervisor/console"
)

// ControlSocket is the name of the control socket in the data directory.
const ControlSocket = "control.sock"

// drainTimeout is how long [Server.Stop] waits for unacknowledged deliveries.
const drainTimeout = 10 * time.Second

// Server is a running registrar.
type Server struct {
	components *components
	lock       *persistence.Lock
	app        atomic.Pointer[otp.App] // nil until it has started
	up         chan struct{}           // closed once it has started
}

// Start locks the data directory and starts the tree. It returns when the caches are primed and
// the bridge connects to its broker; an unreachable broker is not an error. When a process cannot
// be started, the others are stopped and the error names it.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	lock, err := persistence.LockDir(cfg.Data)
	if err != nil {
		return nil, err
	}
	if err := persistence.Tidy(cfg.Data); err != nil {
		return nil, errors.Join(err, lock.Release())
	}
	if cfg.Faults != nil {
		cfg.Log.Warn().Msg("faults are allowed: the control socket accepts faults and kills")
	}
	s := &Server{lock: lock, up: make(chan struct{}), components: assemble(cfg, lock.Boot())}
	app, err := otp.Start(ctx, s.components.sys, "registrar", s.components.tree(s)) //nolint:contextcheck // the tree outlives the call that starts it.
	if err != nil {
		return nil, errors.Join(err, lock.Release())
	}
	s.app.Store(app)
	close(s.up)
	return s, nil
}

// Done is closed when the tree has given up; see [Server.Err].
func (s *Server) Done() <-chan struct{} { return s.app.Load().Done() }

// Err returns the chain of reasons for which the tree gave up, in one line.
func (s *Server) Err() error { return s.app.Load().Err() }

// Stop drains the consumers, stops the tree in reverse order and unlocks the data directory. When
// ctx ends first, the remaining processes are abandoned; acknowledged registrations are on disk
// even then.
func (s *Server) Stop(ctx context.Context) error {
	s.components.cfg.Faults.Disarm(0) // a hang would block the stop
	s.drain(ctx)
	err := s.app.Load().Stop(ctx)
	return errors.Join(err, s.lock.Release())
}

// drain lets the consumers finish their deliveries, so that nothing is redelivered after a clean
// stop.
func (s *Server) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	open := map[string]bool{}
	for _, name := range s.components.bridge.Consumers() {
		open[name] = true
	}
	notDrained := func(name string, err error) {
		s.components.cfg.Log.Warn().Err(err).Str("consumer", name).
			Msg("consumer not drained; the broker redelivers its deliveries")
	}
	type result struct {
		consumer string
		err      error
	}
	results := make(chan result, len(open))
	s.components.bridge.Drain(otp.External("stop"), func(name string, err error) { results <- result{name, err} })
	for len(open) > 0 {
		select {
		case r := <-results:
			delete(open, r.consumer)
			if r.err != nil {
				notDrained(r.consumer, r.err)
			}
		case <-ctx.Done():
			for name := range open {
				notDrained(name, context.Cause(ctx))
			}
			return
		}
	}
}

// Counts returns the outcome counters.
func (s *Server) Counts() []amqpbridge.OutcomeCount { return s.components.bridge.Outcomes() }

// RejectedTimestamps returns how many messages had an event time that cannot be used, by consumer.
func (s *Server) RejectedTimestamps() []amqpbridge.OutcomeCount {
	return s.components.bridge.RejectedTimestamps()
}

// Restarts returns the number of restarts since the start, those of dynamic children included.
func (s *Server) Restarts() uint64 { return s.components.restarts.Load() }

// Users returns the addresses of the shards, for requests without a broker.
func (s *Server) Users() *directory.Users { return s.components.users }

// Suspend suspends a process: its messages queue up. Errors of this and the next two name the
// process.
func (s *Server) Suspend(process string) error { return s.control((*otp.App).Suspend, process) }

// Resume resumes a suspended process.
func (s *Server) Resume(process string) error { return s.control((*otp.App).Resume, process) }

// Step lets a suspended process handle one message.
func (s *Server) Step(process string) error { return s.control((*otp.App).Step, process) }

// Recorder returns the recorder of messages, nil when nothing is recorded.
func (s *Server) Recorder() *trace.Recorder { return s.components.recorder }

// Crashes returns the stored crash reports, the oldest first.
func (s *Server) Crashes(ctx context.Context) ([]trace.CrashReport, error) {
	return otp.Call(ctx, operator(), s.components.crashReports, func(f otp.From[[]trace.CrashReport]) console.CrashReportsMessage {
		return console.List{From: f}
	})
}

// Import writes credentials, all or none. Later authn requests see them.
func (s *Server) Import(ctx context.Context, creds []domain.Credential) (int, error) {
	changes := make([]persistence.CredentialChange, 0, len(creds))
	for _, c := range creds {
		changes = append(changes, persistence.CredentialChange{Credential: c})
	}
	changed, err := s.apply(ctx, changes)
	return len(changed), err
}

// Delete deletes a credential and reports whether it existed. Later authn requests find none.
func (s *Server) Delete(ctx context.Context, key domain.Key) (bool, error) {
	changed, err := s.apply(ctx, []persistence.CredentialChange{{Delete: true, Credential: domain.Credential{Key: key}}})
	return len(changed) > 0, err
}

func (s *Server) apply(ctx context.Context, changes []persistence.CredentialChange) ([]domain.Key, error) {
	changed, err := await(ctx, s, func(done func([]domain.Key, error)) { s.components.credentials.Apply(operator(), changes, done) })
	if err != nil {
		return nil, err
	}
	_, err = otp.Call(ctx, operator(), s.components.realms, func(f otp.From[credential.Dropped]) credential.RealmsMessage {
		return credential.Update{From: f, Keys: changed}
	})
	if err != nil {
		return changed, fmt.Errorf("the change is stored, but the cache of credentials did not confirm it: %w", err)
	}
	return changed, nil
}

// Credentials lists credentials in key order, see [persistence.Credentials.Page].
func (s *Server) Credentials(ctx context.Context, realm domain.Realm, after domain.Key, limit int) ([]domain.Credential, error) {
	return await(ctx, s, func(done func([]domain.Credential, error)) {
		s.components.credentials.Page(operator(), realm, after, limit, done)
	})
}

// Registrations lists records in key order, expired ones included, see
// [persistence.Registrations.Page].
func (s *Server) Registrations(ctx context.Context, realm domain.Realm, after domain.Key, limit int) ([]domain.Record, error) {
	return await(ctx, s, func(done func([]domain.Record, error)) {
		s.components.registrations.Page(operator(), realm, after, limit, done)
	})
}

// Registration returns the record of one user, empty if none exists.
func (s *Server) Registration(ctx context.Context, key domain.Key) (domain.Record, error) {
	return await(ctx, s, func(done func(domain.Record, error)) {
		s.components.registrations.Get(operator(), key, func(rec domain.Record, _ bool, err error) { done(rec, err) })
	})
}

// await waits for the callback of a call, and for the server to start.
func await[T any](ctx context.Context, s *Server, call func(done func(T, error))) (T, error) {
	type answer struct {
		v   T
		err error
	}
	select {
	case <-s.up:
	case <-ctx.Done():
		var zero T
		return zero, fmt.Errorf("%w: %w", console.ErrStarting, context.Cause(ctx))
	}
	got := make(chan answer, 1)
	call(func(v T, err error) { got <- answer{v, err} })
	select {
	case a := <-got:
		return a.v, a.err
	case <-ctx.Done():
		var zero T
		return zero, fmt.Errorf("no reply: %w", context.Cause(ctx))
	}
}
