package amqpbridge

import (
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/credential"
	"registrar/actors/directory"
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/registration"
	"registrar/actors/sip"
	"registrar/amqpbridge/wire"
)

// registrations hands what switches report about phones to the users' actors.
type registrations struct {
	*responder
	users  *directory.Users
	realms *otp.Ref[credential.RealmsMessage]
	store  Registrations
	clocks *Clocks
	said   *rejectLimiter
}

// read decodes a report and places it in the order of its user, or of its realm.
func (r *registrations) read(j *job) (err error) {
	if err := r.responder.read(j); err != nil {
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

// readClock tells the order and the age of a report by its sender's clock.
func (r *registrations) readClock(j *job, m *wire.RegSuccess) {
	j.stamp.Sender = domain.SenderOf(m.Node)
	if m.EventTimestamp.IsZero() {
		r.tally.Add("registrations", "event_time_unusable")
		return
	}
	j.stamp.Event = m.EventTimestamp.UnixMilli()
	reading := r.clocks.Read(j.stamp, j.waited)
	j.age = reading.Age
	if reading.Unusable {
		r.tally.Add("registrations", "event_time_unusable")
	}
	if !reading.Ordered {
		j.stamp.Event = 0 // arrival decides
	}
}

// ask gives a report to the actor of its user.
func (r *registrations) ask(c *otp.Context[ConsumerMessage], j *job, done func(outcome)) {
	switch m := j.msg.(type) {
	case *wire.RegSync:
		r.answerSync(c, j, m, done)
		return
	case *wire.RegFlush:
		r.flush(c, j, m, done)
		return
	}
	request, err := r.request(j)
	if err != nil {
		done(outcome{err: err})
		return
	}
	r.tell(c, j, request, func(o registration.Outcome, err error) outcome {
		return outcome{err: err, then: func(c *otp.Context[ConsumerMessage]) string {
			if o.Result == registration.RefusedUnprovisioned {
				r.said.once(c.Log(), r.now(), "guests", func(e *zerolog.Event) {
					e.Str("realm", string(j.orderKey.Realm)).Msg("too many registrations of users without credentials: refused")
				})
			}
			return o.Result.String()
		}}
	})
}

// tell hands a request to the shard of the job's user; the outcome comes back as a message.
func (r *registrations) tell(c *otp.Context[ConsumerMessage], j *job, request requester, then func(registration.Outcome, error) outcome) {
	otp.Ask(c, r.users.For(j.orderKey), 0, func(from otp.From[registration.Outcome]) directory.Message {
		return directory.Deliver{Request: request(from)}
	}, func(o registration.Outcome, err error) ConsumerMessage {
		out := then(o, err)
		out.j = j
		return out
	})
}

// requester makes a request with the place for its answer.
type requester func(otp.From[registration.Outcome]) registration.Request

// request says what a report means to the user's actor.
func (r *registrations) request(j *job) (requester, error) {
	m, ok := j.msg.(*wire.RegSuccess)
	if !ok {
		return nil, unexpected(j.msg)
	}
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

// flowOf returns what a report says of the path on which it came.
func flowOf(m *wire.RegSuccess) domain.Flow {
	f := domain.Flow{CallID: m.CallID, ProxyPath: m.ProxyPath}
	f.InstanceID, f.RegID = sip.Outbound(m.Contact)
	return f
}

// seconds turns a lifetime on the wire into a duration; what would overflow is cut, and the user's limit cuts it further.
func seconds(n int64) time.Duration {
	const most = 1 << 32
	return time.Duration(min(n, most)) * time.Second
}
