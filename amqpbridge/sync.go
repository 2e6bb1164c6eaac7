package amqpbridge

import (
	"strings"
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/wire"
)

// pageSize is how many records are read at a time.
const pageSize = 500

// sync answers a reg_sync: it sends every live registration to the requester.
func (r *registrationHandler) sync(c *consumerContext, j *job, m *wire.RegSync) {
	to := wire.ParseServerID(m.ServerID)
	switch to.Key {
	case r.settings.Reports():
		j.complete(c, ended("own_sync"))
	case "":
		j.complete(c, ended("no_server_id"))
	default:
		// All registrars answer another registrar: it may be the leader, and for a moment there
		// may be none.
		if !r.leader.Load() && !strings.HasPrefix(to.Key, r.settings.RegistrationQueue+".") {
			j.complete(c, ended(outcomeNotLeader))
			return
		}
		s := &syncReply{registrationHandler: r, j: j, req: m}
		s.read(c, domain.Key{})
	}
}

// syncReply is an answer to a reg_sync under way. The broker confirms the last message of each
// page before the next page is read, so that a large file does not pile up here. A requester
// that is gone ends it.
type syncReply struct {
	*registrationHandler
	j   *job
	req *wire.RegSync
}

// read reads the page of records after a key.
func (s *syncReply) read(c *consumerContext, after domain.Key) {
	s.store.Page(c, "", after, pageSize, resume(c, s.j, s.send))
}

// send sends a page.
func (s *syncReply) send(c *consumerContext, recs []domain.Record) {
	now := s.now()
	var last *link.Publishing
	for _, rec := range recs {
		for _, b := range live(rec, now) {
			remaining := int64(b.Deadline.Sub(now).Seconds())
			body, err := s.sender.Replay(s.req.MsgID, b.Doc, remaining, now)
			if err != nil || remaining == 0 {
				continue // unreadable, which a query reports, or about to expire
			}
			if last != nil {
				s.post(c, publishMessage{Publishing: *last}) // if it is lost, so is the confirm of the last one
			}
			p := answerTo(s.req.ServerID, body)
			last = &p
		}
	}
	if last == nil {
		s.next(c, recs)
		return
	}
	ask(c, s.j, call[publisherMessage, confirmed]{
		to: s.publisher, timeout: parkTimeout,
		request: func(from otp.From[confirmed]) publisherMessage {
			return publishConfirmed{From: from, Publishing: *last}
		},
		then:    func(c *consumerContext, _ confirmed) { s.next(c, recs) },
		onError: outcomeUnroutable,
	})
}

// next reads the page after recs.
func (s *syncReply) next(c *consumerContext, recs []domain.Record) {
	if len(recs) < pageSize {
		s.j.complete(c, ended("synced"))
		return
	}
	s.read(c, recs[len(recs)-1].Key)
}

// syncRequest asks the other registrars on the broker for their registrations. The answers come
// to the queue of this registrar. They do not replace a live registration.
func syncRequest(s wire.Sender, set Settings) *link.Publishing {
	body := s.RegSync(&wire.RegSync{Envelope: wire.Envelope{MsgID: "sync", ServerID: set.Reports()}})
	return &link.Publishing{
		Exchange: "registrar", Key: "registration.sync", ContentType: "application/json", Body: body,
	}
}

// live returns the bindings of a stored record that have not expired.
func live(rec domain.Record, now time.Time) (out []domain.Binding) {
	for _, b := range rec.ClampToClock(now).Bindings {
		if b.Live(now) {
			out = append(out, b)
		}
	}
	return out
}
