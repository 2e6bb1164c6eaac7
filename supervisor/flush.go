package supervisor

import (
	"context"
	"fmt"

	"registrar/actors/credential"
	"registrar/actors/directory"
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/registration"
	"registrar/supervisor/console"
)

// Flush removes the registrations of a user, or of a whole realm when user is empty, and forgets what is cached of their credentials. It
// returns of how many users something was removed, when that is on disk.
func (s *Server) Flush(ctx context.Context, realm domain.Realm, user domain.User) (int, error) {
	select {
	case <-s.up:
	case <-ctx.Done():
		return 0, fmt.Errorf("%w: %w", console.ErrStarting, context.Cause(ctx))
	}
	n, err := s.flush(ctx, realm, user)
	if err != nil {
		return n, err
	}
	_, err = otp.Call(ctx, operator(), s.rooms.realms, func(f otp.From[credential.Dropped]) credential.RealmsMessage {
		return credential.Flush{From: f, Realm: realm, User: user}
	})
	if err != nil {
		return n, fmt.Errorf("the registrations are gone, but the credentials' cache did not confirm it: %w", err)
	}
	return n, nil
}

func (s *Server) flush(ctx context.Context, realm domain.Realm, user domain.User) (n int, err error) {
	now := s.rooms.clock.Now()
	stamp := domain.Stamp{Arrival: now.UnixMilli()}
	digest := domain.DigestOf(fmt.Appendf(nil, "flush %s %s %d", realm, user, now.UnixNano()))
	if user != "" {
		key := domain.Key{Realm: realm, User: user}
		o, err := otp.Call(ctx, operator(), s.rooms.users.For(key), func(f otp.From[registration.Outcome]) directory.Message {
			return directory.Deliver{Request: registration.Flush{From: f, Key: key, Stamp: stamp, Digest: digest}}
		})
		if o.Result == registration.Removed {
			n = 1
		}
		return n, err
	}
	for _, shard := range s.rooms.users.All() {
		o, err := otp.Call(ctx, operator(), shard, func(f otp.From[directory.Flushed]) directory.Message {
			return directory.FlushRealm{From: f, Realm: realm, Stamp: stamp, Digest: digest}
		})
		if n += o.N; err != nil {
			return n, err
		}
	}
	return n, nil
}

func operator() otp.Origin { return otp.External("control") }
