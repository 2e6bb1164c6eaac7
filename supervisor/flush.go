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

// Flush removes the registrations of a user, or of a realm when user is empty, and their cached
// credentials. It returns the number of users with removed registrations, once that is on disk.
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
	_, err = otp.Call(ctx, operator(), s.components.realms, func(f otp.From[credential.Dropped]) credential.RealmsMessage {
		return credential.Flush{From: f, Realm: realm, User: user}
	})
	if err != nil {
		return n, fmt.Errorf("the registrations are removed, but the cache of credentials did not confirm it: %w", err)
	}
	return n, nil
}

func (s *Server) flush(ctx context.Context, realm domain.Realm, user domain.User) (n int, err error) {
	now := s.components.clock.Now()
	stamp := domain.Stamp{Arrival: now.UnixMilli()}
	digest := domain.DigestOf(fmt.Appendf(nil, "flush %s %s %d", realm, user, now.UnixNano()))
	if user != "" {
		key := domain.Key{Realm: realm, User: user}
		o, err := otp.Call(ctx, operator(), s.components.users.For(key), func(f otp.From[registration.Outcome]) directory.Message {
			return directory.Deliver{Request: registration.Flush{From: f, Key: key, Stamp: stamp, Digest: digest}}
		})
		if o.Result == registration.Removed {
			n = 1
		}
		return n, err
	}
	for _, shard := range s.components.users.All() {
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
