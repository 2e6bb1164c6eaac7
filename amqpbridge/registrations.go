package amqpbridge

import (
	"time"

	"registrar/actors/credential"
	"registrar/actors/directory"
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/registration"
	"registrar/actors/sip"
	"registrar/amqpbridge/delivery"
	"registrar/amqpbridge/wire"
)

// registrationHandler gives reports about registrations to the actors of their users.
type registrationHandler struct {
	*responder
	users   *directory.Users
	realms  *otp.Ref[credential.RealmsMessage]
	store   Registrations
	clocks  *Clocks
	rejects *delivery.RejectLimiter
}

// decode reads a report and sets the key that it keeps its order by.
func (r *registrationHandler) decode(j *job) (err error) {
	if err := r.responder.decode(j); err != nil {
		return err
	}
	j.stamp = domain.Stamp{Arrival: j.at.UnixMilli()}
	switch m := j.msg.(type) {
	case *wire.RegSuccess:
		j.orderKey, err = r.key(m.Realm, m.Username)
		if err == nil {
			r.readClock(j, m)
		}
	case *wire.RegFlush:
		if m.Username == "" {
			j.orderKey.Realm, err = domain.ParseRealm(m.Realm)
		} else {
			j.orderKey, err = r.key(m.Realm, m.Username)
		}
	case *wire.RegSync:
	default:
		return unexpected(j.msg)
	}
	j.aor = j.orderKey
	return err
}

// readClock sets the order and the age of a report from its sender's clock.
func (r *registrationHandler) readClock(j *job, m *wire.RegSuccess) {
	j.stamp.Sender = domain.SenderOf(m.Node)
	if m.EventTimestamp.IsZero() {
		r.outcomes.addRejectedTimestamp("registrations")
		return
	}
	j.stamp.Event = m.EventTimestamp.UnixMilli()
	reading := r.clocks.read(j.stamp, j.waited)
	j.age = reading.Age
	if reading.Unusable {
		r.outcomes.addRejectedTimestamp("registrations")
	}
	if !reading.Ordered {
		j.stamp.Event = 0 // arrival decides
	}
}

// handle gives a report to the actor of its user.
func (r *registrationHandler) handle(c *consumerContext, j *job) {
	switch m := j.msg.(type) {
	case *wire.RegSync:
		r.sync(c, j, m)
	case *wire.RegFlush:
		r.flush(c, j, m)
	case *wire.RegSuccess:
		r.report(c, j, m)
	default:
		j.complete(c, failed(unexpected(j.msg)))
	}
}

func (r *registrationHandler) report(c *consumerContext, j *job, m *wire.RegSuccess) {
	request, err := newRequest(j, m)
	if err != nil {
		j.complete(c, failed(err))
		return
	}
	ask(c, j, call[directory.Message, registration.Outcome]{
		to: r.users.For(j.orderKey),
		request: func(from otp.From[registration.Outcome]) directory.Message {
			return directory.Deliver{Request: request(from)}
		},
		then: func(c *consumerContext, o registration.Outcome) {
			if o.Result == registration.RefusedUnprovisioned {
				r.logRefused(c, j)
			}
			j.complete(c, ended(o.Result.String()))
		},
	})
}

// logRefused logs at most once a minute that a registration without a credential was refused.
func (r *registrationHandler) logRefused(c *consumerContext, j *job) {
	if suppressed, ok := r.rejects.AllowLog(r.now(), "unprovisioned"); ok {
		c.Log().Warn().Str("realm", string(j.orderKey.Realm)).Int("suppressed", suppressed).
			Msg("registration refused: too many users without credentials")
	}
}

// requester makes a request with the place for its answer.
type requester func(otp.From[registration.Outcome]) registration.Request

// newRequest returns the request that a report makes to the actor of its user.
func newRequest(j *job, m *wire.RegSuccess) (requester, error) {
	digest, contact := domain.DigestOf(j.d.Body), sip.CleanContact(m.Contact)
	switch {
	case m.Removes() && contact == "*": // every contact of the user (RFC 3261 section 10.2.2)
		return func(from otp.From[registration.Outcome]) registration.Request {
			return registration.Flush{From: from, Key: j.orderKey, Stamp: j.stamp, Digest: digest}
		}, nil
	case m.Removes():
		return func(from otp.From[registration.Outcome]) registration.Request {
			return registration.Unregister{
				From: from, Key: j.orderKey, Contact: contact, Stamp: j.stamp, Digest: digest, Flow: flowOf(m),
			}
		}, nil
	}
	doc, err := m.Document(contact)
	if err != nil {
		return nil, err
	}
	return func(from otp.From[registration.Outcome]) registration.Request {
		return registration.Register{
			From: from, Key: j.orderKey, Contact: contact, ID: sip.IDOf(contact), Expires: seconds(m.Expires), Age: j.age,
			Stamp: j.stamp, Digest: digest, Doc: doc, Flow: flowOf(m), Replay: m.Replay(), Redelivered: j.d.Redelivered,
		}
	}, nil
}

// flowOf returns the path of a report: Call-ID, Proxy-Path and outbound flow (RFC 5626).
func flowOf(m *wire.RegSuccess) domain.Flow {
	f := domain.Flow{CallID: m.CallID, ProxyPath: m.ProxyPath}
	f.InstanceID, f.RegID = sip.Outbound(m.Contact)
	return f
}

// seconds converts a lifetime on the wire. It cuts values that would overflow; the limit of the
// user's actor is lower.
func seconds(n int64) time.Duration {
	const most = 1 << 32
	return time.Duration(min(n, most)) * time.Second
}
