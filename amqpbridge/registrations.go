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

// work decodes a report and gives it to the actor of its user.
func (r *registrations) work(c *otp.Context[FlowMessage], j *job, done func(outcome)) {
	msg, _, err := r.read(j)
	if err != nil {
		done(outcome{err: err})
		return
	}
	switch m := msg.(type) {
	case *wire.RegSuccess:
		err = r.success(c, j, m)
	case *wire.RegFlush:
		err = r.flush(c, j, m)
	default:
		err = unexpected(msg)
	}
	if err != nil {
		done(outcome{err: err})
	}
}

func (r *registrations) success(c *otp.Context[FlowMessage], j *job, m *wire.RegSuccess) error {
	key, err := domain.ParseKey(m.Realm, m.Username)
	if err != nil {
		return err //nolint:wrapcheck // the domain's own error.
	}
	contact := sip.CleanContact(m.Contact)
	stamp, digest := r.stamp(j, m.Node, m.EventTimestamp), domain.DigestOf(j.d.Body)
	if m.Removes() && contact == "*" { // every contact of the user (RFC 3261 section 10.2.2)
		r.ask(c, j, key, func(from otp.From[registration.Outcome]) registration.Request {
			return registration.Flush{From: from, Key: key, Stamp: stamp, Digest: digest}
		})
		return nil
	}
	if m.Removes() {
		r.ask(c, j, key, func(from otp.From[registration.Outcome]) registration.Request {
			return registration.Unregister{
				From: from, Key: key, Contact: contact, CallID: m.CallID, ProxyPath: m.ProxyPath, Stamp: stamp, Digest: digest,
			}
		})
		return nil
	}
	doc, err := m.Document(contact)
	if err != nil {
		return err //nolint:wrapcheck // the wire's error says all there is to say.
	}
	r.ask(c, j, key, func(from otp.From[registration.Outcome]) registration.Request {
		return registration.Register{
			From: from, Key: key, Contact: contact, ID: sip.IDOf(contact), Expires: seconds(m.Expires),
			Stamp: stamp, Digest: digest, Doc: doc, Replay: m.Replay(), Redelivered: j.d.Redelivered,
		}
	})
	return nil
}

func (r *registrations) flush(c *otp.Context[FlowMessage], j *job, m *wire.RegFlush) error {
	key, err := domain.ParseKey(m.Realm, m.Username)
	if err != nil {
		return err //nolint:wrapcheck // the domain's own error.
	}
	stamp, digest := r.stamp(j, m.Node, time.Time{}), domain.DigestOf(j.d.Body)
	r.ask(c, j, key, func(from otp.From[registration.Outcome]) registration.Request {
		return registration.Flush{From: from, Key: key, Stamp: stamp, Digest: digest}
	})
	return nil
}

// stamp places a message in its user's order: the arrival is that of its first delivery to this session.
func (r *registrations) stamp(j *job, node string, event time.Time) domain.Stamp {
	s := domain.Stamp{Sender: domain.SenderOf(node), Arrival: j.at.UnixMilli()}
	if !event.IsZero() {
		s.Event = event.UnixMilli()
	}
	return s
}

func (r *registrations) ask(c *otp.Context[FlowMessage], j *job, key domain.Key,
	build func(otp.From[registration.Outcome]) registration.Request,
) {
	otp.Ask(c, r.users.For(key), 0, func(from otp.From[registration.Outcome]) directory.Message {
		return directory.Deliver{Request: build(from)}
	}, func(o registration.Outcome, err error) FlowMessage {
		return outcome{j: j, err: err, then: func(*otp.Context[FlowMessage]) string { return o.Result.String() }}
	})
}

// seconds turns a lifetime on the wire into a duration; what would overflow is cut, and the user's limit cuts it further.
func seconds(n int64) time.Duration {
	const most = 1 << 32
	return time.Duration(min(n, most)) * time.Second
}
