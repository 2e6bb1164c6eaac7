package amqpbridge

import (
	"registrar/actors/otp"
	"registrar/amqpbridge/link"
)

// aside is the place for a delivery that cannot be used: a queue, the outcome's name and why. It waits when there was no place for it yet.
type aside struct {
	queue, name string
	why         error
	waits       bool
}

// putAside publishes a delivery to the queue of those that cannot be used. It stays in hand until the broker has taken it.
func (f *Consumer) putAside(c *otp.Context[ConsumerMessage], j *job) {
	p := link.Publishing{
		Key: j.aside.queue, ContentType: j.d.ContentType, ContentEncoding: j.d.ContentEncoding, Persistent: true, Mandatory: true,
		Body: j.d.Body,
		Headers: map[string]any{
			headerReason: j.aside.why.Error(), headerFlow: f.spec.Name, headerTries: int64(j.tries), headerExchange: j.d.Exchange, headerKey: j.d.Key,
		},
	}
	otp.Ask(c, f.spec.Publisher, parkTimeout, func(from otp.From[Parked]) PublisherMessage {
		return Park{From: from, Publishing: p}
	}, func(_ Parked, err error) ConsumerMessage { return parked{j: j, err: err} })
}

// onParked settles what has been put aside, and waits with what has found no place. What cannot be read may fill a quarter of the prefetch so: half of it
// may be settled and wait for its acknowledgement, and a quarter is left for what can.
func (f *Consumer) onParked(c *otp.Context[ConsumerMessage], m parked) {
	if _, ours := f.jobs[m.j]; !ours {
		return
	}
	a := m.j.aside
	switch {
	case m.err == nil:
		f.finish(c, m.j, a.name)
	case a.queue == f.spec.Malformed && !a.waits && f.waitAside() >= max(1, f.spec.Consumer.Prefetch/4):
		f.finish(c, m.j, a.name+"_dropped")
	default:
		a.waits = true
		f.spec.Tally.Add(f.spec.Name, "tried_again")
		f.release(c, m.j)
		c.After(parkRetry, again{j: m.j})
	}
}

// waitAside counts those in hand that wait for their place aside.
func (f *Consumer) waitAside() (n int) {
	for j := range f.jobs {
		if j.aside != nil && j.aside.waits {
			n++
		}
	}
	return n
}

// mayWait reports whether a report that does not fit in the store may wait in hand for room. A quarter of the prefetch may: refreshes, which need none, and
// ends of registrations, which make some, have to get through. More than that are put aside, for an operator who has made room.
func (f *Consumer) mayWait(j *job) bool {
	if j.waitingForSpace {
		return true
	}
	n := 0
	for other := range f.jobs {
		if other.waitingForSpace {
			n++
		}
	}
	j.waitingForSpace = n < max(1, f.spec.Consumer.Prefetch/4)
	return j.waitingForSpace
}
