package amqpbridge

import (
	"time"

	"registrar/amqpbridge/link"
	"registrar/supervisor/otp"
)

// backlog is how long after the prefetch was exhausted a delivery may still have waited in the queue.
const backlog = time.Second

func (f *Flow) onDelivered(c *otp.Context[FlowMessage], m delivered) {
	if m.session != f.session {
		return // of a session that has ended: it comes again
	}
	j := &job{session: m.session, d: m.d, at: m.at, waited: m.d.Waited || m.at.Sub(f.full) < backlog}
	f.acks.add(m.d.Tag)
	f.jobs[j] = struct{}{}
	if len(f.jobs) >= f.spec.Consumer.Prefetch {
		f.full = m.at
	}
	if err := f.spec.Read(j); err != nil {
		f.onOutcome(c, outcome{j: j, err: err})
		return
	}
	if f.order.admit(j) {
		f.work(c, j)
	}
}

func (f *Flow) work(c *otp.Context[FlowMessage], j *job) {
	if j.session != f.session {
		return
	}
	f.spec.Ask(c, j, func(o outcome) {
		o.j = j
		f.onOutcome(c, o)
	})
}

// onOutcome settles a delivery or decides what to do about its error.
func (f *Flow) onOutcome(c *otp.Context[FlowMessage], o outcome) {
	if _, ours := f.jobs[o.j]; !ours {
		return
	}
	switch {
	case o.err == nil && o.more != nil:
		o.more(c, o.j)
		return
	case o.err == nil:
		f.finish(c, o.j, o.then(c))
		return
	}
	todo := f.spec.Policy.decide(o.err, o.j.tries, f.spec.Now().Sub(o.j.at))
	o.j.tries++
	switch todo.do {
	case tryAgain:
		c.Log().Debug().Err(o.err).Str("flow", f.spec.Name).Msg("trying again") // what went wrong is said where it did
		f.spec.Tally.Add(f.spec.Name, "tried_again")
		c.After(todo.after, again{j: o.j})
	case drop:
		f.finish(c, o.j, todo.name)
	case parkMalformed:
		if !f.spec.Garbage.admit(c.Log(), f.spec.Now(), f.spec.Name, todo.name, o) {
			f.finish(c, o.j, todo.name+"_dropped")
			return
		}
		f.park(c, o.j, f.spec.Malformed, todo.name, o.err)
	case parkPoison:
		c.Log().Error().Err(o.err).Str("flow", f.spec.Name).Int("tries", o.j.tries).Msg("a message is put aside as poison")
		f.park(c, o.j, f.spec.Poison, todo.name, o.err)
	}
}

func (f *Flow) park(c *otp.Context[FlowMessage], j *job, queue, name string, why error) {
	p := link.Publishing{
		Key: queue, ContentType: j.d.ContentType, Persistent: true, Mandatory: true, Body: j.d.Body,
		Headers: map[string]any{
			"x-registrar-reason": why.Error(), "x-registrar-flow": f.spec.Name, "x-registrar-tries": int64(j.tries),
			"x-registrar-exchange": j.d.Exchange, "x-registrar-key": j.d.Key,
		},
	}
	otp.Ask(c, f.spec.Publisher, parkTimeout, func(from otp.From[Parked]) PublisherMessage {
		return Park{From: from, Publishing: p}
	}, func(_ Parked, err error) FlowMessage { return parked{j: j, name: name, err: err} })
}

func (f *Flow) onParked(c *otp.Context[FlowMessage], m parked) {
	if _, ours := f.jobs[m.j]; !ours {
		return
	}
	if m.err != nil { // it is kept in hand until there is a place for it
		c.After(parkRetry, again{j: m.j})
		return
	}
	f.finish(c, m.j, m.name)
}

func (f *Flow) finish(c *otp.Context[FlowMessage], j *job, name string) {
	delete(f.jobs, j)
	f.spec.Tally.Add(f.spec.Name, name)
	f.acks.settle(j.d.Tag)
	if !f.flushing {
		f.flushing = true
		c.Enqueue(flush{})
	}
	for _, next := range f.order.done(j) {
		f.work(c, next)
	}
}
