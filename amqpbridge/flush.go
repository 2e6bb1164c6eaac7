package amqpbridge

import (
	"registrar/actors/credential"
	"registrar/actors/directory"
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/registration"
	"registrar/amqpbridge/wire"
)

// flush removes the registrations of a user or a whole realm, and then their cached credentials.
// With Cache-Only the registrations stay.
func (r *registrationHandler) flush(c *consumerContext, j *job, m *wire.RegFlush) {
	switch {
	case m.CacheOnly:
		r.flushCredentials(c, j, "cache_flushed")
	case j.orderKey.User != "":
		r.flushUser(c, j)
	default:
		r.flushRealm(c, j)
	}
}

func (r *registrationHandler) flushUser(c *consumerContext, j *job) {
	digest := domain.DigestOf(j.d.Body)
	ask(c, j, call[directory.Message, registration.Outcome]{
		to: r.users.For(j.orderKey),
		request: func(from otp.From[registration.Outcome]) directory.Message {
			return directory.Deliver{Request: registration.Flush{From: from, Key: j.orderKey, Stamp: j.stamp, Digest: digest}}
		},
		then: func(c *consumerContext, o registration.Outcome) {
			r.flushCredentials(c, j, o.Result.String())
		},
	})
}

func (r *registrationHandler) flushRealm(c *consumerContext, j *job) {
	digest := domain.DigestOf(j.d.Body)
	askAll(c, j, broadcast[directory.Message, directory.Flushed]{
		to: r.users.All(),
		request: func(from otp.From[directory.Flushed]) directory.Message {
			return directory.FlushRealm{From: from, Realm: j.orderKey.Realm, Stamp: j.stamp, Digest: digest}
		},
		then: func(c *consumerContext, _ []directory.Flushed) {
			r.flushCredentials(c, j, "realm_flushed")
		},
	})
}

// flushCredentials removes the cached credentials and completes the job with an outcome.
func (r *registrationHandler) flushCredentials(c *consumerContext, j *job, outcome string) {
	ask(c, j, call[credential.RealmsMessage, credential.Dropped]{
		to: r.realms,
		request: func(from otp.From[credential.Dropped]) credential.RealmsMessage {
			return credential.Flush{From: from, Realm: j.orderKey.Realm, User: j.orderKey.User}
		},
		then: func(c *consumerContext, _ credential.Dropped) { j.complete(c, ended(outcome)) },
	})
}
