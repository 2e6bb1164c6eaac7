package amqpbridge

import (
	"registrar/actors/directory"
	"registrar/actors/domain"
	"registrar/actors/registration"
	"registrar/amqpbridge/wire"
	"registrar/supervisor/otp"
)

// queries answers who is registered.
type queries struct {
	*answering
	users *directory.Users
}

// ask asks the actor of the user.
func (q *queries) ask(c *otp.Context[FlowMessage], j *job, done func(outcome)) {
	req, ok := j.msg.(*wire.RegQuery)
	if !ok {
		done(outcome{err: unexpected(j.msg)})
		return
	}
	if req.Username == "" || req.All() || req.CountOnly {
		if !q.silent(j.route.Generation) {
			q.reply(c, req.ServerID, q.sender.RegQueryError(req.MsgID)) // it says that another may answer
		}
		done(settled(notServed))
		return
	}
	key, err := domain.ParseKey(req.Realm, req.Username)
	if err != nil {
		done(outcome{err: err})
		return
	}
	otp.Ask(c, q.users.For(key), q.left(j), func(from otp.From[registration.Answer]) directory.Message {
		return directory.Deliver{Request: registration.Query{From: from, Key: key}}
	}, func(a registration.Answer, err error) FlowMessage {
		return outcome{j: j, err: err, then: func(c *otp.Context[FlowMessage]) string { return q.answer(c, req, j.route, a) }}
	})
}

func (q *queries) answer(c *otp.Context[FlowMessage], req *wire.RegQuery, route wire.Route, a registration.Answer) string {
	if len(a.Bindings) == 0 {
		if q.silent(route.Generation) {
			return "not_found_silent"
		}
		q.reply(c, req.ServerID, q.sender.RegQueryError(req.MsgID))
		return "not_found"
	}
	docs := make([][]byte, 0, len(a.Bindings))
	for _, b := range a.Bindings {
		docs = append(docs, b.Doc)
	}
	form := wire.Query{
		Sender: q.sender, Whistle: route.Generation == wire.Whistle && req.Username != "", Age: q.now().Sub(q.started),
	}
	body, err := form.Response(req.MsgID, req.Fields, docs)
	if err != nil {
		c.Log().Error().Err(err).Msg("a stored document cannot be read")
		return "failed"
	}
	q.reply(c, req.ServerID, body)
	return "answered"
}
