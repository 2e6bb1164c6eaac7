package amqpbridge

import (
	"time"

	"registrar/actors/otp"
	"registrar/amqpbridge/link"
)

const (
	parkTimeout = 10 * time.Second
	parkRetry   = time.Second
)

// parking is where and why a delivery is parked.
type parking struct {
	queue, outcome string
	cause          error
	waiting        bool // a first attempt has failed
}

// reject parks a message that cannot be used, within the limits of [delivery.RejectLimiter]. It
// logs neither the message nor a value of it, which may be a password.
func (f *consumer) reject(c *consumerContext, j *job, outcome string, cause error) {
	now := f.spec.Now()
	allowed := f.spec.Rejects.AllowPark(now)
	if suppressed, ok := f.spec.Rejects.AllowLog(now, f.spec.Name+"/"+outcome); ok {
		c.Log().Warn().Err(cause).Str("consumer", f.spec.Name).Str("reason", outcome).Str("exchange", j.d.Exchange).
			Bool("parked", allowed).Int("suppressed", suppressed).Msg("message rejected")
	}
	if !allowed {
		f.finish(c, j, outcome+"_dropped")
		return
	}
	j.parking = &parking{queue: f.spec.MalformedQueue, outcome: outcome, cause: cause}
	f.park(c, j)
}

// park publishes a delivery to its parking queue. The job stays open until the broker has
// confirmed.
func (f *consumer) park(c *consumerContext, j *job) {
	p := link.Publishing{
		Key: j.parking.queue, ContentType: j.d.ContentType, ContentEncoding: j.d.ContentEncoding,
		Persistent: true, Mandatory: true, Body: j.d.Body,
		Headers: map[string]any{
			headerReason: j.parking.cause.Error(), headerConsumer: f.spec.Name, headerTries: int64(j.tries),
			headerExchange: j.d.Exchange, headerKey: j.d.Key,
		},
	}
	otp.Ask(c, f.spec.Publisher, parkTimeout, func(from otp.From[confirmed]) publisherMessage {
		return publishConfirmed{From: from, Publishing: p}
	}, func(_ confirmed, err error) consumerMessage { return parked{j: j, err: err} })
}

// onParked settles a parked delivery, or tries again. Malformed messages that cannot be parked
// may occupy a quarter of the prefetch, so that most of it is left for usable messages; more are
// dropped.
func (f *consumer) onParked(c *consumerContext, m parked) {
	if !f.isOpen(m.j) {
		return
	}
	p := m.j.parking
	switch {
	case m.err == nil:
		f.finish(c, m.j, p.outcome)
	case p.queue == f.spec.MalformedQueue && !p.waiting && f.waitingToPark() >= f.quarter():
		f.finish(c, m.j, p.outcome+"_dropped")
	default:
		p.waiting = true
		f.retry(c, m.j, parkRetry)
	}
}

// quarter is a quarter of the prefetch.
func (f *consumer) quarter() int { return max(1, f.spec.Consumer.Prefetch/4) }

// waitingToPark counts the jobs with a failed attempt to park.
func (f *consumer) waitingToPark() (n int) {
	for j := range f.jobs {
		if j.parking != nil && j.parking.waiting {
			n++
		}
	}
	return n
}

// mayWaitForSpace reports whether a report may wait here for space in the store. A quarter of the
// prefetch may, the others are parked: refreshes, which need no space, and ends of registrations,
// which make some, have to get through.
func (f *consumer) mayWaitForSpace(j *job) bool {
	if j.waitingForSpace {
		return true
	}
	n := 0
	for other := range f.jobs {
		if other.waitingForSpace {
			n++
		}
	}
	j.waitingForSpace = n < f.quarter()
	return j.waitingForSpace
}
