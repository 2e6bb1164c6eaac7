package amqpbridge

import (
	"time"

	"registrar/actors/directory"
	"registrar/actors/domain"
	"registrar/actors/registration"
	"registrar/actors/sip"
	"registrar/amqpbridge/wire"
	"registrar/supervisor/otp"
)

// registrations hands what switches report about phones to the users' actors.
type registrations struct {
	*answering
	users *directory.Users
}

// read decodes a report; those about one user keep their order.
func (r *registrations) read(j *job) (err error) {
	if err := r.answering.read(j); err != nil {
		return err
	}
	switch m := j.msg.(type) {
	case *wire.RegSuccess:
		j.key, err = domain.ParseKey(m.Realm, m.Username)
	case *wire.RegFlush:
		if m.Username != "" {
			j.key, err = domain.ParseKey(m.Realm, m.Username)
		}
	case *wire.RegSync:
	default:
		return unexpected(j.msg)
	}
	return err //nolint:wrapcheck // the domain's own error.
}

// ask gives a report to the actor of its user.
func (r *registrations) ask(c *otp.Context[FlowMessage], j *job, done func(outcome)) {
	if j.key == (domain.Key{}) { // about a whole realm, or all
		done(settled(notServed))
		return
	}
	request, err := r.request(j)
	if err != nil {
		done(outcome{err: err})
		return
	}
	otp.Ask(c, r.users.For(j.key), 0, func(from otp.From[registration.Outcome]) directory.Message {
		return directory.Deliver{Request: request(from)}
	}, func(o registration.Outcome, err error) FlowMessage {
		return outcome{j: j, err: err, then: func(*otp.Context[FlowMessage]) string { return o.Result.String() }}
	})
}

// requester makes a request with the place for its answer.
type requester func(otp.From[registration.Outcome]) registration.Request

// request says what a report means to the user's actor.
func (r *registrations) request(j *job) (requester, error) {
	digest := domain.DigestOf(j.d.Body)
	m, ok := j.msg.(*wire.RegSuccess)
	if !ok {
		stamp := stampOf(j, "", time.Time{})
		return func(from otp.From[registration.Outcome]) registration.Request {
			return registration.Flush{From: from, Key: j.key, Stamp: stamp, Digest: digest}
		}, nil
	}
	contact, stamp := sip.CleanContact(m.Contact), stampOf(j, m.Node, m.EventTimestamp)
	switch {
	case m.Removes() && contact == "*": // every contact of the user (RFC 3261 section 10.2.2)
		return func(from otp.From[registration.Outcome]) registration.Request {
			return registration.Flush{From: from, Key: j.key, Stamp: stamp, Digest: digest}
		}, nil
	case m.Removes():
		return func(from otp.From[registration.Outcome]) registration.Request {
			return registration.Unregister{
				From: from, Key: j.key, Contact: contact, CallID: m.CallID, ProxyPath: m.ProxyPath, Stamp: stamp, Digest: digest,
			}
		}, nil
	}
	doc, err := m.Document(contact)
	if err != nil {
		return nil, err //nolint:wrapcheck // the wire's error says all there is to say.
	}
	return func(from otp.From[registration.Outcome]) registration.Request {
		return registration.Register{
			From: from, Key: j.key, Contact: contact, ID: sip.IDOf(contact), Expires: seconds(m.Expires),
			Stamp: stamp, Digest: digest, Doc: doc, Replay: m.Replay(), Redelivered: j.d.Redelivered,
		}
	}, nil
}

// stampOf places a message in its user's order: the arrival is that of its first delivery to this session.
func stampOf(j *job, node string, event time.Time) domain.Stamp {
	s := domain.Stamp{Sender: domain.SenderOf(node), Arrival: j.at.UnixMilli()}
	if !event.IsZero() {
		s.Event = event.UnixMilli()
	}
	return s
}

// seconds turns a lifetime on the wire into a duration; what would overflow is cut, and the user's limit cuts it further.
func seconds(n int64) time.Duration {
	const most = 1 << 32
	return time.Duration(min(n, most)) * time.Second
}
