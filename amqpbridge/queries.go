package amqpbridge

import (
	"errors"
	"fmt"
	"time"

	"registrar/actors/directory"
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/registration"
	"registrar/amqpbridge/wire"
)

// Registrations reads the committed records of a realm, of all realms when it is empty, in pages
// in key order. Page returns at once and calls done once, from another goroutine.
type Registrations interface {
	Page(from otp.Origin, realm domain.Realm, after domain.Key, limit int, done func([]domain.Record, error))
}

// realmDeadline is how long after its arrival a query about many users is worth an answer.
// Reading the whole file takes longer than asking one actor.
const realmDeadline = 5 * time.Second

// queryHandler answers queries for registrations.
type queryHandler struct {
	*responder
	users *directory.Users
	store Registrations
}

// handle asks the actor of the user, the indexes of the shards, or the file.
func (q *queryHandler) handle(c *consumerContext, j *job) {
	req, ok := j.msg.(*wire.RegQuery)
	switch {
	case !ok:
		j.complete(c, failed(unexpected(j.msg)))
	case req.Username == "" || req.All():
		q.queryMany(c, j, req)
	default:
		q.queryUser(c, j, req)
	}
}

func (q *queryHandler) queryUser(c *consumerContext, j *job, req *wire.RegQuery) {
	key, err := q.key(req.Realm, req.Username)
	if err != nil {
		j.complete(c, failed(err))
		return
	}
	ask(c, j, call[directory.Message, registration.Answer]{
		to: q.users.For(key), timeout: q.remaining(j),
		request: func(from otp.From[registration.Answer]) directory.Message {
			return directory.Deliver{Request: registration.Query{From: from, Key: key}}
		},
		then: func(c *consumerContext, a registration.Answer) {
			j.complete(c, ended(q.answerUser(c, j, req, a)))
		},
	})
}

// answerUser replies about one user and returns the outcome.
func (q *queryHandler) answerUser(c *consumerContext, j *job, req *wire.RegQuery, a registration.Answer) string {
	if req.CountOnly {
		return q.sendCount(c, j, req, len(a.Bindings))
	}
	answer := q.newAnswer(j, req)
	for _, b := range a.Bindings {
		if err := answer.Add(b.Doc); err != nil {
			return q.refuse(c, j, req, err)
		}
	}
	return q.send(c, j, req, answer)
}

// queryMany answers about a realm or all realms: counts from the indexes, registrations from the
// file. Neither stops an actor.
func (q *queryHandler) queryMany(c *consumerContext, j *job, req *wire.RegQuery) {
	var realm domain.Realm
	if !req.All() {
		var err error
		if realm, err = domain.ParseRealm(req.Realm); err != nil {
			j.complete(c, failed(err))
			return
		}
	}
	if req.CountOnly {
		q.count(c, j, req, realm)
		return
	}
	j.replyTTL = realmDeadline
	l := &listing{queryHandler: q, j: j, req: req, realm: realm, answer: q.newAnswer(j, req)}
	l.read(c, domain.Key{})
}

func (q *queryHandler) count(c *consumerContext, j *job, req *wire.RegQuery, realm domain.Realm) {
	askAll(c, j, broadcast[directory.Message, directory.Counted]{
		to: q.users.All(), timeout: q.remaining(j),
		request: func(from otp.From[directory.Counted]) directory.Message {
			return directory.Count{From: from, Realm: realm}
		},
		then: func(c *consumerContext, shards []directory.Counted) {
			n := 0
			for _, s := range shards {
				n += s.N
			}
			j.complete(c, ended(q.sendCount(c, j, req, n)))
		},
	})
}

// listing is the answer to a query about many users while it is read from the file.
type listing struct {
	*queryHandler
	j      *job
	req    *wire.RegQuery
	realm  domain.Realm
	answer *wire.QueryAnswer
}

// read reads the page of records after a key.
func (l *listing) read(c *consumerContext, after domain.Key) {
	l.store.Page(c, l.realm, after, pageSize, resume(c, l.j, l.add))
}

// add adds a page to the answer, and reads the next one or replies.
func (l *listing) add(c *consumerContext, recs []domain.Record) {
	now := l.now()
	for _, rec := range recs {
		for _, b := range live(rec, now) {
			if err := l.answer.Add(b.Doc); err != nil {
				l.j.complete(c, ended(l.refuse(c, l.j, l.req, err)))
				return
			}
		}
	}
	switch {
	case len(recs) < pageSize:
		l.j.complete(c, ended(l.send(c, l.j, l.req, l.answer)))
	case now.Sub(l.j.at) > l.j.replyTTL:
		l.j.complete(c, ended(outcomeDeadlineExceeded))
	default:
		l.read(c, recs[len(recs)-1].Key)
	}
}

// newAnswer returns an empty answer in the form that the settings or the requester's generation
// ask for.
func (q *queryHandler) newAnswer(j *job, req *wire.RegQuery) *wire.QueryAnswer {
	realm := req.Username == "" || req.All()
	a := &wire.QueryAnswer{Form: wire.FormKazoo, Fields: req.Fields, Multiple: realm, MaxBytes: q.settings.MaxReply}
	switch q.settings.QueryForm {
	case "kazoo":
	case "kazoo3":
		a.Form = wire.FormKazoo3
	case "whistle":
		if !realm {
			a.Form = wire.FormWhistle
		}
	default:
		if !realm && j.route.Generation == wire.Whistle {
			a.Form = wire.FormWhistle
		}
	}
	return a
}

// send replies with an answer, or with what the requester expects instead of an empty one. It
// returns the outcome.
func (q *queryHandler) send(c *consumerContext, j *job, req *wire.RegQuery, a *wire.QueryAnswer) string {
	if a.Len() == 0 {
		if q.silent(j.route.Generation) {
			return outcomeNotFoundSilent
		}
		q.reply(c, j, &req.Envelope, q.sender.RegQueryError(&wire.RegQueryError{Envelope: wire.Envelope{MsgID: req.MsgID}}))
		return outcomeNotFound
	}
	q.reply(c, j, &req.Envelope, a.Encode(q.sender, req.MsgID, q.now().Sub(q.started)))
	return outcomeAnswered
}

// sendCount replies with a number and returns the outcome.
func (q *queryHandler) sendCount(c *consumerContext, j *job, req *wire.RegQuery, n int) string {
	q.reply(c, j, &req.Envelope, q.sender.RegCount(req.MsgID, n, q.now().Sub(q.started)))
	return outcomeAnswered
}

// refuse replies why there is no answer, and returns the outcome.
func (q *queryHandler) refuse(c *consumerContext, j *job, req *wire.RegQuery, err error) string {
	if !errors.Is(err, wire.ErrAnswerTooLarge) {
		c.Log().Error().Err(err).Msg("stored registration unreadable")
		return "failed"
	}
	e := &wire.RegQueryError{Envelope: wire.Envelope{MsgID: req.MsgID}, Hint: fmt.Sprintf(
		"the answer would exceed %d bytes: ask for fewer Fields, for one user, or with Count-Only", q.settings.MaxReply)}
	q.reply(c, j, &req.Envelope, q.sender.RegQueryError(e))
	return "too_large"
}
