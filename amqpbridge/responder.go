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

// responder decodes requests and replies to them. All handlers share it. It is immutable.
type responder struct {
	settings  Settings
	sender    wire.Sender
	publisher *otp.Ref[publisherMessage]
	outcomes  *outcomeCounters
	now       func() time.Time
	started   time.Time
	// leader is whether this registrar is the leader of those on the broker.
	leader *atomic.Bool
}

// decode reads a delivery. Errors are of package wire.
func (a *responder) decode(j *job) error {
	body, err := wire.Inflate(j.d.ContentEncoding, j.d.Body)
	if err != nil {
		return err
	}
	if j.msg, err = wire.Decode(body); err != nil {
		return err
	}
	route, ok := wire.ParseKey(j.d.Exchange, j.d.Key)
	if !ok { // an unknown binding of an operator: answer in the newest form
		route = wire.Route{Generation: wire.Kazoo5}
	}
	j.route = route
	j.aor, j.replyTTL = a.aorOf(j.msg), a.settings.ReplyDeadline
	if req, ok := j.msg.(*wire.AuthnRequest); ok {
		j.canary = isCanary(req)
	}
	return nil
}

// aorOf returns the user or realm of a request; zero if it is unknown.
func (a *responder) aorOf(m wire.Message) (k domain.Key) {
	switch m := m.(type) {
	case *wire.AuthnRequest:
		if realm, user, ours := m.Target(); ours {
			k, _ = a.key(realm, user)
		}
	case *wire.RegQuery:
		k, _ = a.key(m.Realm, m.Username)
	}
	return k
}

// reply sends an encoded answer to the Server-ID of a request, if it has one.
func (a *responder) reply(c *consumerContext, j *job, req *wire.Envelope, body []byte) {
	p := answerTo(req.ServerID, body)
	if p.Key == "" {
		return
	}
	m := publishMessage{Publishing: p, Event: "answer", MsgID: req.MsgID}
	if j.replyTTL > 0 {
		m.Until = j.at.Add(j.replyTTL)
	}
	a.post(c, m)
}

// post gives a message that may be lost to the publisher. A refused message is counted: the
// requester asks again.
func (a *responder) post(from otp.Origin, m publishMessage) {
	m.Outcomes = a.outcomes
	if err := a.publisher.Tell(from, m); err != nil {
		m.Undelivered(err)
	}
}

// answerTo addresses a body to a Server-ID.
func answerTo(serverID string, body []byte) link.Publishing {
	to := wire.ParseServerID(serverID)
	return link.Publishing{
		Exchange: "targeted", Key: to.Key, Headers: to.Headers(), ContentType: "application/json", Mandatory: true, Body: body,
	}
}

// key parses realm and user; the settings may fold the user's case.
func (a *responder) key(realm, user string) (domain.Key, error) {
	if a.settings.FoldUsernames {
		user = strings.ToLower(user)
	}
	return domain.ParseKey(realm, user)
}

// remaining returns the time until a request's reply deadline. It is at least a millisecond,
// because zero would be no limit.
func (a *responder) remaining(j *job) time.Duration {
	return max(a.settings.ReplyDeadline-a.now().Sub(j.at), time.Millisecond)
}

// silent reports whether a requester of this generation gets no reply when nothing is found.
func (a *responder) silent(g wire.Generation) bool {
	switch a.settings.NotFound {
	case "silent":
		return true
	case "error":
		return false
	}
	return g == wire.Whistle
}

// unexpected is the error of a message that does not belong in its queue.
func unexpected(m wire.Message) error {
	return domain.Wrap(domain.Invalid, "decode", fmt.Errorf("a %T does not belong in this queue", m))
}
