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
	seq          uint64 // its position
	redelivered  bool
	returns      int       // number of returns to the queue
	expiry       time.Time // expiry; zero means none
	deadLettered []string  // queues that the message left other than by rejection
}

// queue holds messages in order and delivers them to its consumers round robin.
type queue struct {
	b           *Broker
	name        string
	spec        link.Queue
	owner       *session // of an exclusive queue
	ready       []*message
	consumers   []*consumer // the next to be served first
	ttlTimer    *time.Timer // fires when the first message expires
	expiryTimer *time.Timer // fires when the queue expires
	deleted     bool
}

// put appends a message, and drops the oldest beyond the maximum length.
func (q *queue) put(p link.Publishing, died []string) {
	q.b.seq++
	m := &message{Publishing: p, seq: q.b.seq, deadLettered: died}
	if term := shorter(q.spec.TTL, p.Expiration); term > 0 {
		m.expiry = time.Now().Add(term)
	}
	m.Expiration = 0
	q.ready = append(q.ready, m)
	q.dispatch()
}

// shorter returns the smaller of two times; 0 means none.
func shorter(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// requeue requeues a message at its old position.
func (q *queue) requeue(m *message) {
	if q.deleted {
		return
	}
	m.redelivered = true
	m.returns++
	if limit := q.spec.DeliveryLimit; q.spec.Kind == link.Quorum && limit > 0 && m.returns > limit {
		q.deadLetter(m, "delivery_limit")
		return
	}
	at, _ := slices.BinarySearchFunc(q.ready, m, func(a, b *message) int { return cmp.Compare(a.seq, b.seq) })
	q.ready = slices.Insert(q.ready, at, m)
}

// dispatch expires messages, delivers to consumers with free prefetch, and drops surplus messages.
func (q *queue) dispatch() {
	if q.deleted {
		return
	}
	q.expire()
	for len(q.ready) > 0 {
		c := q.next()
		if c == nil {
			break
		}
		c.send(q.takeFirst())
		q.expire()
	}
	for q.spec.MaxLength > 0 && len(q.ready) > q.spec.MaxLength {
		q.dropFirst("maxlen")
	}
	q.setTTLTimer()
}

// next returns the next consumer with free prefetch and moves it to the end.
func (q *queue) next() *consumer {
	if q.spec.SingleActive {
		if len(q.consumers) > 0 && len(q.consumers[0].unacked) < q.consumers[0].prefetch {
			return q.consumers[0]
		}
		return nil
	}
	for i, c := range q.consumers {
		if len(c.unacked) < c.prefetch {
			q.consumers = append(slices.Delete(q.consumers, i, i+1), c)
			return c
		}
	}
	return nil
}

// expire removes expired messages from the head, and only there, as RabbitMQ does.
func (q *queue) expire() {
	now := time.Now()
	for len(q.ready) > 0 && !q.ready[0].expiry.IsZero() && !q.ready[0].expiry.After(now) {
		q.b.expired++
		q.dropFirst("expired")
	}
}

func (q *queue) dropFirst(reason string) { q.deadLetter(q.takeFirst(), reason) }

// takeFirst removes and returns the first message.
func (q *queue) takeFirst() *message {
	m := q.ready[0]
	q.ready[0] = nil
	q.ready = q.ready[1:]
	return m
}

// setTTLTimer sets the timer for the first message.
func (q *queue) setTTLTimer() {
	if q.ttlTimer != nil {
		q.ttlTimer.Stop()
		q.ttlTimer = nil
	}
	if q.deleted || len(q.ready) == 0 || q.ready[0].expiry.IsZero() {
		return
	}
	q.ttlTimer = time.AfterFunc(time.Until(q.ready[0].expiry), func() { q.b.locked(q.dispatch) })
}

// restartExpiry restarts the expiry of a queue without consumers. A declaration counts as use.
func (q *queue) restartExpiry() {
	if q.expiryTimer != nil {
		q.expiryTimer.Stop()
		q.expiryTimer = nil
	}
	if q.spec.Expires == 0 || len(q.consumers) > 0 || q.deleted {
		return
	}
	var mine *time.Timer
	mine = time.AfterFunc(q.spec.Expires, func() {
		q.b.locked(func() {
			if q.expiryTimer == mine { // otherwise the queue was used while the timer fired
				q.delete(link.ErrCancelled)
			}
		})
	})
	q.expiryTimer = mine
}

// removeConsumer removes a consumer from the queue.
func (q *queue) removeConsumer(c *consumer) {
	q.consumers = slices.DeleteFunc(q.consumers, func(other *consumer) bool { return other == c })
	if len(q.consumers) > 0 || q.deleted {
		return
	}
	if q.spec.AutoDelete {
		q.remove()
		return
	}
	q.restartExpiry()
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
	q.deleted = true
	q.ready = nil
	q.consumers = nil
	q.setTTLTimer()
	q.restartExpiry()
	delete(q.b.queues, q.name)
	for _, x := range q.b.exchanges {
		x.bindings = slices.DeleteFunc(x.bindings, func(bound binding) bool { return bound.q == q })
	}
}
