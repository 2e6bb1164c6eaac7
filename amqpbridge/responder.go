package amqpbridge

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/wire"
)

// answering is what the three flows share: reading a delivery, and replying to its sender. It is immutable.
type responder struct {
	settings  Settings
	sender    wire.Sender
	publisher *otp.Ref[PublisherMessage]
	tally     *Tally
	now       func() time.Time
	started   time.Time
	// leads says that this registrar is the one that speaks for all on the broker.
	leads *atomic.Bool
}

// read decodes a delivery. Errors are the wire's: they decide that it is parked.
func (a *responder) read(j *job) error {
	body, err := wire.Inflate(j.d.ContentEncoding, j.d.Body)
	if err != nil {
		return err
	}
	if j.msg, err = wire.Decode(body); err != nil {
		return err
	}
	route, ok := wire.ParseKey(j.d.Exchange, j.d.Key)
	if !ok { // bound by somebody else: the newest form
		route = wire.Route{Generation: wire.Kazoo5}
	}
	j.route = route
	j.aor, j.replyTTL = a.about(j.msg), a.settings.ReplyDeadline
	if req, ok := j.msg.(*wire.AuthnRequest); ok {
		j.canary = isCanary(req)
	}
	return nil
}

// about says whom a question is about, as far as one can tell.
func (a *responder) about(m wire.Message) (k domain.Key) {
	switch m := m.(type) {
	case *wire.AuthnRequest:
		if realm, user, ours := m.Target(); ours {
			k, _ = a.key(realm, user) // a key that is none is a stranger's
		}
	case *wire.RegQuery:
		k, _ = a.key(m.Realm, m.Username)
	}
	return k
}

// reply sends an encoded answer to a request to where that asked for it, if anywhere.
func (a *responder) reply(c *otp.Context[ConsumerMessage], j *job, req *wire.Envelope, body []byte) {
	p := answerTo(req.ServerID, body)
	if p.Key == "" {
		return
	}
	m := Send{Publishing: p, Event: "answer", MsgID: req.MsgID}
	if j.replyTTL > 0 {
		m.Until = j.at.Add(j.replyTTL)
	}
	a.post(c, m)
}

// post hands the publisher what may be lost. What it does not take is counted: who has asked asks again.
func (a *responder) post(from otp.Origin, m Send) {
	m.Tally = a.tally
	if err := a.publisher.Tell(from, m); err != nil {
		m.Undelivered(err)
	}
}

// answerTo addresses an answer.
func answerTo(serverID string, body []byte) link.Publishing {
	to := wire.ParseServerID(serverID)
	return link.Publishing{
		Exchange: "targeted", Key: to.Key, Headers: to.Headers(), ContentType: "application/json", Mandatory: true, Body: body,
	}
}

// key reads realm and user as the settings say.
func (a *responder) key(realm, user string) (domain.Key, error) {
	if a.settings.FoldUsernames {
		user = strings.ToLower(user)
	}
	return domain.ParseKey(realm, user)
}

// left returns how much of a question's time there is still; at least a millisecond, so that it is never no limit at all.
func (a *responder) left(j *job) time.Duration {
	return max(a.settings.ReplyDeadline-a.now().Sub(j.at), time.Millisecond)
}

// silent reports whether an asker of this generation is told nothing when nothing is found.
func (a *responder) silent(g wire.Generation) bool {
	switch a.settings.NotFound {
	case "silent":
		return true
	case "error":
		return false
	}
	return g == wire.Whistle
}

// settled is an outcome with nothing left to do.
func settled(name string) outcome {
	return outcome{then: func(*otp.Context[ConsumerMessage]) string { return name }}
}

// settledFor is the same for a job that is worked on in steps.
func settledFor(j *job, name string) outcome {
	o := settled(name)
	o.j = j
	return o
}

// unexpected says that a message has no business in the queue that it came from.
func unexpected(m wire.Message) error {
	return domain.Wrap(domain.Invalid, "decode", fmt.Errorf("a %T does not belong in this queue", m))
}
