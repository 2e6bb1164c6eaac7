package memory

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"registrar/amqpbridge/link"
)

func compare(a, b string) int { return strings.Compare(a, b) }

// message is one message in one queue.
type message struct {
	link.Publishing
	seq         uint64 // its position
	redelivered bool
	returns     int // number of returns to the queue
	until       time.Time // expiry; zero means none
	died        []string // queues that the message left other than by rejection
}

// queue holds messages in order and delivers them to its consumers round robin.
type queue struct {
	b         *Broker
	name      string
	spec      link.Queue
	owner     *session // of an exclusive queue
	ready     []*message
	consumers []*consumer // the next to be served first
	old       *time.Timer // fires when the first message expires
	unused    *time.Timer // fires when the queue expires
	gone      bool
}

// put appends a message, and drops the oldest beyond the maximum length.
func (q *queue) put(p link.Publishing, died []string) {
	q.b.seq++
	m := &message{Publishing: p, seq: q.b.seq, died: died}
	if term := least(q.spec.TTL, p.Expiration); term > 0 {
		m.until = time.Now().Add(term)
	}
	m.Expiration = 0
	q.ready = append(q.ready, m)
	q.work()
}

// least returns the smaller of two times; 0 means none.
func least(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// giveBack requeues a message at its old position.
func (q *queue) giveBack(m *message) {
	if q.gone {
		return
	}
	m.redelivered = true
	m.returns++
	if limit := q.spec.DeliveryLimit; q.spec.Kind == link.Quorum && limit > 0 && m.returns > limit {
		q.bury(m, "delivery_limit")
		return
	}
	at, _ := slices.BinarySearchFunc(q.ready, m, func(a, b *message) int { return cmp.Compare(a.seq, b.seq) })
	q.ready = slices.Insert(q.ready, at, m)
}

// work expires messages, delivers to consumers with free prefetch, and drops surplus messages.
func (q *queue) work() {
	if q.gone {
		return
	}
	q.expire()
	for len(q.ready) > 0 {
		c := q.next()
		if c == nil {
			break
		}
		c.give(q.first())
		q.expire()
	}
	for q.spec.MaxLength > 0 && len(q.ready) > q.spec.MaxLength {
		q.pop("maxlen")
	}
	q.arm()
}

// next returns the next consumer with free prefetch and moves it to the end.
func (q *queue) next() *consumer {
	if q.spec.SingleActive {
		if len(q.consumers) > 0 && len(q.consumers[0].open) < q.consumers[0].prefetch {
			return q.consumers[0]
		}
		return nil
	}
	for i, c := range q.consumers {
		if len(c.open) < c.prefetch {
			q.consumers = append(slices.Delete(q.consumers, i, i+1), c)
			return c
		}
	}
	return nil
}

// expire removes expired messages from the head, and only there, as RabbitMQ does.
func (q *queue) expire() {
	now := time.Now()
	for len(q.ready) > 0 && !q.ready[0].until.IsZero() && !q.ready[0].until.After(now) {
		q.b.expired++
		q.pop("expired")
	}
}

func (q *queue) pop(reason string) { q.bury(q.first(), reason) }

// first removes and returns the first message.
func (q *queue) first() *message {
	m := q.ready[0]
	q.ready[0] = nil
	q.ready = q.ready[1:]
	return m
}

// arm sets the timer for the first message.
func (q *queue) arm() {
	if q.old != nil {
		q.old.Stop()
		q.old = nil
	}
	if q.gone || len(q.ready) == 0 || q.ready[0].until.IsZero() {
		return
	}
	q.old = time.AfterFunc(time.Until(q.ready[0].until), func() { q.b.enter(q.work) })
}

// use restarts the expiry of a queue without consumers. A declaration counts as use.
func (q *queue) use() {
	if q.unused != nil {
		q.unused.Stop()
		q.unused = nil
	}
	if q.spec.Expires == 0 || len(q.consumers) > 0 || q.gone {
		return
	}
	var mine *time.Timer
	mine = time.AfterFunc(q.spec.Expires, func() {
		q.b.enter(func() {
			if q.unused == mine { // otherwise the queue was used while the timer fired
				q.delete(link.ErrCancelled)
			}
		})
	})
	q.unused = mine
}

// leave removes a consumer from the queue.
func (q *queue) leave(c *consumer) {
	q.consumers = slices.DeleteFunc(q.consumers, func(other *consumer) bool { return other == c })
	if len(q.consumers) > 0 || q.gone {
		return
	}
	if q.spec.AutoDelete {
		q.remove()
		return
	}
	q.use()
}

// delete removes the queue and ends the sessions that consume it.
func (q *queue) delete(why error) {
	consumers := slices.Clone(q.consumers)
	q.remove()
	for _, c := range consumers {
		c.s.end(why)
	}
}

// remove removes the queue with its bindings and messages.
func (q *queue) remove() {
	q.gone = true
	q.ready = nil
	q.consumers = nil
	q.arm()
	q.use()
	delete(q.b.queues, q.name)
	for _, x := range q.b.exchanges {
		x.bindings = slices.DeleteFunc(x.bindings, func(bound binding) bool { return bound.q == q })
	}
}
