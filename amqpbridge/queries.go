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

// Registrations reads the committed records of a realm, or of all when it is empty, in pages in key order. The call returns at once; done is
// called once, from another goroutine.
type Registrations interface {
	Page(from otp.Origin, realm domain.Realm, after domain.Key, limit int, done func([]domain.Record, error))
}

// realmBudget is how long a query about many may take: what reads a whole file has more time than a question about one user.
const realmBudget = 5 * time.Second

// queries answers who is registered.
type queries struct {
	*responder
	users *directory.Users
	store Registrations
}

// ask asks the actor of the user, the shards' indexes or the file.
func (q *queries) ask(c *otp.Context[ConsumerMessage], j *job, done func(outcome)) {
	req, ok := j.msg.(*wire.RegQuery)
	if !ok {
		done(outcome{err: unexpected(j.msg)})
		return
	}
	if req.Username == "" || req.All() {
		q.many(c, j, req, done)
		return
	}
	key, err := q.key(req.Realm, req.Username)
	if err != nil {
		done(outcome{err: err})
		return
	}
	otp.Ask(c, q.users.For(key), q.left(j), func(from otp.From[registration.Answer]) directory.Message {
		return directory.Deliver{Request: registration.Query{From: from, Key: key}}
	}, func(a registration.Answer, err error) ConsumerMessage {
		return outcome{j: j, err: err, then: func(c *otp.Context[ConsumerMessage]) string { return q.one(c, j, req, a) }}
	})
}

// one answers about one user.
func (q *queries) one(c *otp.Context[ConsumerMessage], j *job, req *wire.RegQuery, a registration.Answer) string {
	if req.CountOnly {
		return q.counted(c, j, req, len(a.Bindings))
	}
	answer := q.answer(j, req)
	for _, b := range a.Bindings {
		if err := answer.Add(b.Doc); err != nil {
			return q.refuse(c, j, req, err)
		}
	}
	return q.send(c, j, req, answer)
}

// many answers about a realm or all of them: counts from the indexes, registrations from the file, which stops no actor.
func (q *queries) many(c *otp.Context[ConsumerMessage], j *job, req *wire.RegQuery, done func(outcome)) {
	var realm domain.Realm
	if !req.All() {
		var err error
		if realm, err = domain.ParseRealm(req.Realm); err != nil {
			done(outcome{err: err})
			return
		}
	}
	if req.CountOnly {
		gather(c, j, q.users.All(), q.left(j), func(from otp.From[directory.Counted]) directory.Message {
			return directory.Count{From: from, Realm: realm}
		}, func(parts []directory.Counted, err error) {
			n := 0
			for _, p := range parts {
				n += p.N
			}
			done(outcome{err: err, then: func(c *otp.Context[ConsumerMessage]) string { return q.counted(c, j, req, n) }})
		})
		return
	}
	j.replyTTL = realmBudget
	q.page(c, j, req, q.answer(j, req), realm, domain.Key{})
}

// page adds one page of the file to the answer and goes on with the next.
func (q *queries) page(c *otp.Context[ConsumerMessage], j *job, req *wire.RegQuery, answer *wire.QueryAnswer, realm domain.Realm, after domain.Key) {
	q.store.Page(c, realm, after, pageSize, otp.Completion(c, func(recs []domain.Record, err error) ConsumerMessage {
		return step{j: j, run: func(c *otp.Context[ConsumerMessage]) {
			if err != nil {
				c.Enqueue(outcome{j: j, err: err})
				return
			}
			now := q.now()
			for _, rec := range recs {
				for _, b := range live(rec, now) {
					if err := answer.Add(b.Doc); err != nil {
						c.Enqueue(settledFor(j, q.refuse(c, j, req, err)))
						return
					}
				}
			}
			switch {
			case len(recs) < pageSize:
				c.Enqueue(settledFor(j, q.send(c, j, req, answer)))
			case now.Sub(j.at) > j.replyTTL:
				c.Enqueue(settledFor(j, "late"))
			default:
				q.page(c, j, req, answer, realm, recs[len(recs)-1].Key)
			}
		}}
	}))
}

// answer begins an answer in the form that the asker expects.
func (q *queries) answer(j *job, req *wire.RegQuery) *wire.QueryAnswer {
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

func (q *queries) send(c *otp.Context[ConsumerMessage], j *job, req *wire.RegQuery, a *wire.QueryAnswer) string {
	if a.Len() == 0 {
		if q.silent(j.route.Generation) {
			return "not_found_silent"
		}
		q.reply(c, j, &req.Envelope, q.sender.RegQueryError(&wire.RegQueryError{Envelope: wire.Envelope{MsgID: req.MsgID}}))
		return "not_found"
	}
	q.reply(c, j, &req.Envelope, a.Encode(q.sender, req.MsgID, q.now().Sub(q.started)))
	return "answered"
}

func (q *queries) counted(c *otp.Context[ConsumerMessage], j *job, req *wire.RegQuery, n int) string {
	q.reply(c, j, &req.Envelope, q.sender.RegCount(req.MsgID, n, q.now().Sub(q.started)))
	return "answered"
}

// refuse says why there is no answer.
func (q *queries) refuse(c *otp.Context[ConsumerMessage], j *job, req *wire.RegQuery, err error) string {
	if !errors.Is(err, wire.ErrAnswerTooLarge) {
		c.Log().Error().Err(err).Msg("a stored document cannot be read")
		return "failed"
	}
	e := &wire.RegQueryError{Envelope: wire.Envelope{MsgID: req.MsgID}, Hint: fmt.Sprintf(
		"the answer would exceed %d bytes: ask for fewer Fields, for one user, or with Count-Only", q.settings.MaxReply)}
	q.reply(c, j, &req.Envelope, q.sender.RegQueryError(e))
	return "too_large"
}
