package amqpbridge

import (
	"strings"
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/wire"
)

// pageSize is how many records are read at a time for an answer about many.
const pageSize = 500

// answerSync sends every live registration to the asker, a page at a time: the last message of each page is confirmed by the broker before
// the next page is read, so that a large file never piles up here. An asker that is gone ends it.
func (r *registrations) answerSync(c *otp.Context[ConsumerMessage], j *job, m *wire.RegSync, done func(outcome)) {
	to := wire.ParseServerID(m.ServerID)
	switch to.Key {
	case r.settings.Reports():
		done(settled("own_sync"))
	case "":
		done(settled("nobody_to_answer"))
	default:
		// Another registrar is answered by all: it may be the one that leads, and for a moment nobody may.
		if !r.leads.Load() && !strings.HasPrefix(to.Key, r.settings.RegistrationQueue+".") {
			done(settled("left_to_another"))
			return
		}
		r.syncPage(c, j, m, domain.Key{})
	}
}

func (r *registrations) syncPage(c *otp.Context[ConsumerMessage], j *job, m *wire.RegSync, after domain.Key) {
	r.store.Page(c, "", after, pageSize, otp.Completion(c, func(recs []domain.Record, err error) ConsumerMessage {
		return step{j: j, run: func(c *otp.Context[ConsumerMessage]) {
			if err != nil {
				c.Enqueue(outcome{j: j, err: err})
				return
			}
			r.sendPage(c, j, m, recs)
		}}
	}))
}

func (r *registrations) sendPage(c *otp.Context[ConsumerMessage], j *job, m *wire.RegSync, recs []domain.Record) {
	now := r.now()
	var last *link.Publishing
	for _, rec := range recs {
		for _, b := range live(rec, now) {
			left := int64(b.Deadline.Sub(now).Seconds())
			body, err := r.sender.Replay(m.MsgID, b.Doc, left, now)
			if err != nil || left == 0 {
				continue // it ends within the second, or cannot be read: a query would say so
			}
			if last != nil {
				r.post(c, Send{Publishing: *last}) // no publisher: the confirm of the last one fails
			}
			p := answerTo(m.ServerID, body)
			last = &p
		}
	}
	next := func(c *otp.Context[ConsumerMessage]) {
		if len(recs) < pageSize {
			c.Enqueue(settledFor(j, "synced"))
			return
		}
		r.syncPage(c, j, m, recs[len(recs)-1].Key)
	}
	if last == nil {
		next(c)
		return
	}
	otp.Ask(c, r.publisher, parkTimeout, func(from otp.From[Parked]) PublisherMessage {
		return Park{From: from, Publishing: *last}
	}, func(_ Parked, err error) ConsumerMessage {
		return step{j: j, run: func(c *otp.Context[ConsumerMessage]) {
			if err != nil {
				c.Enqueue(settledFor(j, "asker_gone"))
				return
			}
			next(c)
		}}
	})
}

// askForSync asks the other registrars on the broker for what they hold. Their answers come to the queue of the registrations and never
// beat what is known here.
func (r *registrations) askForSync(c *otp.Context[ConsumerMessage]) {
	body := r.sender.RegSync(&wire.RegSync{Envelope: wire.Envelope{MsgID: "sync", ServerID: r.settings.Reports()}})
	otp.Ask(c, r.publisher, parkTimeout, func(from otp.From[Parked]) PublisherMessage {
		return Park{From: from, Publishing: link.Publishing{
			Exchange: "registrar", Key: "registration.sync", ContentType: "application/json", Body: body,
		}}
	}, func(_ Parked, err error) ConsumerMessage {
		return step{run: func(c *otp.Context[ConsumerMessage]) {
			if err != nil {
				c.After(parkRetry, step{run: r.askForSync})
			}
		}}
	})
}

// live returns the bindings of a stored record that have not ended.
func live(rec domain.Record, now time.Time) (out []domain.Binding) {
	for _, b := range rec.ClampToClock(now).Bindings {
		if b.Live(now) {
			out = append(out, b)
		}
	}
	return out
}
