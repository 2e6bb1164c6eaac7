package supervisor

import (
	"context"
	"errors"
	"fmt"
	"sync"
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

// drainWithin is how long a stop waits for the deliveries in hand.
const drainWithin = 10 * time.Second

// Server is a running registrar.
type Server struct {
	rooms *components
	lock  *persistence.Lock
	app   atomic.Pointer[otp.App] // nil while it starts
	up    chan struct{}           // closed when it has started
}

// Start takes the data directory and starts the tree. It returns when the caches are primed and the bridge is trying to reach its broker:
// that there is none is no error. When a part cannot be started, everything is rolled back and the error says which.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	lock, err := persistence.LockDir(cfg.Data)
	if err != nil {
		return nil, err
	}
	if err := persistence.Tidy(cfg.Data); err != nil {
		return nil, errors.Join(err, lock.Release())
	}
	if cfg.Faults != nil {
		cfg.Log.Warn().Msg("faults are allowed: whoever may use the control socket can break this registrar on purpose")
	}
	s := &Server{lock: lock, up: make(chan struct{}), rooms: assemble(cfg, lock.Boot())}
	app, err := otp.Start(ctx, s.rooms.sys, "registrar", s.rooms.tree(s)) //nolint:contextcheck // the tree outlives the call that starts it.
	if err != nil {
		return nil, errors.Join(err, lock.Release())
	}
	s.app.Store(app)
	close(s.up)
	return s, nil
}

// Done is closed when the server has ended by itself; Err says why.
func (s *Server) Done() <-chan struct{} { return s.app.Load().Done() }

// Err returns the chain of reasons for which the server ended by itself, in one line.
func (s *Server) Err() error { return s.app.Load().Err() }

// Stop drains the flows, stops the tree in reverse order and gives the data directory up. When ctx ends first, what is left
// is cut off; nothing that was acknowledged is lost by that.
func (s *Server) Stop(ctx context.Context) error {
	s.rooms.cfg.Faults.Disarm(0) // a hang would hold it up
	s.drain(ctx)
	err := s.app.Load().Stop(ctx)
	return errors.Join(err, s.lock.Release())
}

// drain has the flows finish what they have in hand, so that nothing is delivered again after a clean stop.
func (s *Server) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, drainWithin)
	defer cancel()
	var all sync.WaitGroup
	for _, flow := range s.rooms.bridge.Flows() { // at once: one that takes long leaves the others their time
		all.Go(func() {
			_, err := otp.Call(ctx, otp.External("stop"), flow, func(f otp.From[amqpbridge.Drained]) amqpbridge.ConsumerMessage {
				return amqpbridge.Drain{From: f}
			})
			if err != nil {
				s.rooms.cfg.Log.Warn().Err(err).Str("flow", flow.Name()).Msg("not drained: what is in hand comes again")
			}
		})
	}
	all.Wait()
}

// Counts returns what became of messages, by flow and outcome.
func (s *Server) Counts() []amqpbridge.Count { return s.rooms.bridge.Tally.Counts() }

// Restarts counts the restarts of all processes since the start, dynamic ones among them.
func (s *Server) Restarts() uint64 { return s.rooms.restarts.Load() }

// Users returns the addresses of the shards, for who asks without a broker.
func (s *Server) Users() *directory.Users { return s.rooms.users }

// The calls for operators are those of otp.App, whose errors name the process.

// Suspend has a process handle no more messages.
func (s *Server) Suspend(process string) error { return s.control((*otp.App).Suspend, process) }

// Resume lets it go on.
func (s *Server) Resume(process string) error { return s.control((*otp.App).Resume, process) }

// Step has it handle one message.
func (s *Server) Step(process string) error { return s.control((*otp.App).Step, process) }

// Recorder holds what the processes have said to each other; nil when nothing is recorded.
func (s *Server) Recorder() *trace.Recorder { return s.rooms.recorder }

// Crashes returns the stored crash reports, the oldest first.
func (s *Server) Crashes(ctx context.Context) ([]trace.CrashReport, error) {
	return otp.Call(ctx, operator(), s.rooms.crashReports, func(f otp.From[[]trace.CrashReport]) console.CrashReportsMessage {
		return console.List{From: f}
	})
}

// Import writes credentials, all or none; the next authn for them sees the new ones.
func (s *Server) Import(ctx context.Context, creds []domain.Credential) (int, error) {
	changes := make([]persistence.CredentialChange, 0, len(creds))
	for _, c := range creds {
		changes = append(changes, persistence.CredentialChange{Credential: c})
	}
	changed, err := s.apply(ctx, changes)
	return len(changed), err
}

// Delete deletes a credential and reports whether there was one; the next authn for it finds none.
func (s *Server) Delete(ctx context.Context, key domain.Key) (bool, error) {
	changed, err := s.apply(ctx, []persistence.CredentialChange{{Delete: true, Credential: domain.Credential{Key: key}}})
	return len(changed) > 0, err
}

func (s *Server) apply(ctx context.Context, changes []persistence.CredentialChange) ([]domain.Key, error) {
	changed, err := await(ctx, s, func(done func([]domain.Key, error)) { s.rooms.credentials.Apply(operator(), changes, done) })
	if err != nil {
		return nil, err
	}
	_, err = otp.Call(ctx, operator(), s.rooms.realms, func(f otp.From[credential.Dropped]) credential.RealmsMessage {
		return credential.Update{From: f, Keys: changed}
	})
	if err != nil {
		return changed, fmt.Errorf("the change is stored, but the cache did not confirm it: %w", err)
	}
	return changed, nil
}

// Credentials lists credentials in key order, see [persistence.Credentials.Page].
func (s *Server) Credentials(ctx context.Context, realm domain.Realm, after domain.Key, limit int) ([]domain.Credential, error) {
	return await(ctx, s, func(done func([]domain.Credential, error)) {
		s.rooms.credentials.Page(operator(), realm, after, limit, done)
	})
}

// Registrations lists records in key order, ended ones among them, see [persistence.Registrations.Page].
func (s *Server) Registrations(ctx context.Context, realm domain.Realm, after domain.Key, limit int) ([]domain.Record, error) {
	return await(ctx, s, func(done func([]domain.Record, error)) {
		s.rooms.registrations.Page(operator(), realm, after, limit, done)
	})
}

// Registration returns one user's record, an empty one when there is none.
func (s *Server) Registration(ctx context.Context, key domain.Key) (domain.Record, error) {
	return await(ctx, s, func(done func(domain.Record, error)) {
		s.rooms.registrations.Get(operator(), key, func(rec domain.Record, _ bool, err error) { done(rec, err) })
	})
}

// await turns a call with a callback into one that waits. A command that comes while the server starts waits for that, too.
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
		return zero, fmt.Errorf("no answer: %w", context.Cause(ctx))
	}
}
