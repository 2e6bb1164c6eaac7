package amqpbridge

import (
	"time"

	"registrar/actors/credential"
	"registrar/actors/directory"
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/registration"
	"registrar/amqpbridge/wire"
)

// flush removes the registrations of a user or a whole realm and has their cached credentials forgotten; with Cache-Only the
// registrations stay.
func (r *registrations) flush(c *otp.Context[ConsumerMessage], j *job, m *wire.RegFlush, done func(outcome)) {
	digest := domain.DigestOf(j.d.Body)
	switch {
	case m.CacheOnly:
		r.forget(c, j, "cache_flushed")
	case j.orderKey.User != "":
		r.tell(c, j, func(from otp.From[registration.Outcome]) registration.Request {
			return registration.Flush{From: from, Key: j.orderKey, Stamp: j.stamp, Digest: digest}
		}, func(o registration.Outcome, err error) outcome { return r.flushed(o.Result.String(), err) })
	default:
		gather(c, j, r.users.All(), 0, func(from otp.From[directory.Flushed]) directory.Message {
			return directory.FlushRealm{From: from, Realm: j.orderKey.Realm, Stamp: j.stamp, Digest: digest}
		}, func(_ []directory.Flushed, err error) { done(r.flushed("realm_flushed", err)) })
	}
}

// flushed goes on with the cached credentials once the registrations are gone.
func (r *registrations) flushed(name string, err error) outcome {
	return outcome{err: err, more: func(c *otp.Context[ConsumerMessage], j *job) { r.forget(c, j, name) }}
}

func (r *registrations) forget(c *otp.Context[ConsumerMessage], j *job, name string) {
	otp.Ask(c, r.realms, 0, func(from otp.From[credential.Dropped]) credential.RealmsMessage {
		return credential.Flush{From: from, Realm: j.orderKey.Realm, User: j.orderKey.User}
	}, func(_ credential.Dropped, err error) ConsumerMessage {
		out := settled(name)
		out.j, out.err = j, err
		return out
	})
}

// gather asks several processes the same; done is called on the flow's goroutine when all have answered, with the first error if
// there was one.
func gather[M, T any](c *otp.Context[ConsumerMessage], j *job, refs []*otp.Ref[M], timeout time.Duration, build func(otp.From[T]) M, done func([]T, error)) {
	var (
		got   = make([]T, 0, len(refs))
		left  = len(refs)
		first error
	)
	for _, ref := range refs {
		otp.Ask(c, ref, timeout, build, func(v T, err error) ConsumerMessage {
			return step{j: j, run: func(*otp.Context[ConsumerMessage]) {
				if got = append(got, v); err != nil && first == nil {
					first = err
				}
				if left--; left == 0 {
					done(got, first)
				}
			}}
		})
	}
}
