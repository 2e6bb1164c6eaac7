package loop

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"registrar/amqpbridge/link"
)

// Broker is a broker in memory. It is safe for use by many goroutines.
type Broker struct {
	mu        sync.Mutex
	exchanges map[string]string // name → kind
	queues    map[string]*queue
	bindings  map[link.Binding]bool
	sessions  map[*session]bool
}

// New makes an empty broker.
func New() *Broker {
	return &Broker{
		exchanges: map[string]string{"": "direct"}, queues: map[string]*queue{}, bindings: map[link.Binding]bool{},
		sessions: map[*session]bool{},
	}
}

// queue holds messages and its consumers, who take turns.
type queue struct {
	spec      link.Queue
	owner     *session // of an exclusive queue
	ready     []*message
	consumers []*consumer
}

type message struct {
	p           link.Publishing
	exchange    string
	key         string
	at          time.Time
	redelivered bool
}

// Dial makes a session. It cannot fail but for the context.
func (b *Broker) Dial(ctx context.Context, _ string) (link.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", link.ErrUnreachable, err)
	}
	s := &session{b: b, done: make(chan struct{})}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sessions[s] = true
	return s, nil
}

// Cut ends every session as a broken connection does: what is in hand is delivered again. Queues stay.
func (b *Broker) Cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.sessions {
		b.end(s, fmt.Errorf("%w: cut", link.ErrClosed))
	}
}

// Delete deletes a queue, as an operator does; its consumers' sessions end.
func (b *Broker) Delete(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := b.queues[name]
	if q == nil {
		return
	}
	b.remove(q)
	for _, c := range q.consumers {
		b.end(c.s, fmt.Errorf("%w: the broker cancelled consumer %s", link.ErrClosed, c.spec.Tag))
	}
}

// Depth returns how many messages of a queue wait.
func (b *Broker) Depth(name string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if q := b.queues[name]; q != nil {
		q.expire()
		return len(q.ready)
	}
	return 0
}

// remove forgets a queue and its bindings.
func (b *Broker) remove(q *queue) {
	delete(b.queues, q.spec.Name)
	for x := range b.bindings {
		if x.Queue == q.spec.Name {
			delete(b.bindings, x)
		}
	}
}

// end ends a session: its consumers give back what they hold, its exclusive queues go.
func (b *Broker) end(s *session, why error) {
	if !b.sessions[s] {
		return
	}
	delete(b.sessions, s)
	s.err = why
	close(s.done)
	for _, c := range s.consumers {
		b.drop(c)
	}
	for _, q := range b.queues {
		if q.owner == s {
			b.remove(q)
		}
	}
}

// route returns the queues that a message reaches, each once.
func (b *Broker) route(exchange, key string) []*queue {
	if exchange == "" {
		if q := b.queues[key]; q != nil {
			return []*queue{q}
		}
		return nil
	}
	var out []*queue
	seen := map[string]bool{}
	for x := range b.bindings {
		if x.Exchange == exchange && !seen[x.Queue] && matches(b.exchanges[exchange], x.Key, key) {
			seen[x.Queue] = true
			out = append(out, b.queues[x.Queue])
		}
	}
	return out
}

// matches applies the rules of direct and topic exchanges.
func matches(kind, pattern, key string) bool {
	if kind != "topic" {
		return pattern == key
	}
	return topic(strings.Split(pattern, "."), strings.Split(key, "."))
}

// topic matches words: * is one, # any number.
func topic(pattern, words []string) bool {
	if len(pattern) == 0 {
		return len(words) == 0
	}
	if pattern[0] == "#" {
		return topic(pattern[1:], words) || len(words) > 0 && topic(pattern, words[1:])
	}
	return len(words) > 0 && (pattern[0] == "*" || pattern[0] == words[0]) && topic(pattern[1:], words[1:])
}

// put queues a message for each queue that it reaches and reports whether there was one.
func (b *Broker) put(exchange, key string, p link.Publishing) bool {
	queues := b.route(exchange, key)
	for _, q := range queues {
		q.ready = append(q.ready, &message{p: p, exchange: exchange, key: key, at: time.Now()})
		if q.spec.MaxLength > 0 && len(q.ready) > q.spec.MaxLength {
			b.dead(q, q.ready[0])
			q.ready = q.ready[1:]
		}
		q.serve()
	}
	return len(queues) > 0
}

// dead sends a message where the queue's dead letters go.
func (b *Broker) dead(q *queue, m *message) {
	if q.spec.DeadLetter {
		b.put(q.spec.DeadLetterExchange, q.spec.DeadLetterKey, m.p)
	}
}

// expire drops what has waited longer than the queue's time-to-live.
func (q *queue) expire() {
	for q.spec.TTL > 0 && len(q.ready) > 0 && time.Since(q.ready[0].at) >= q.spec.TTL {
		q.ready = q.ready[1:]
	}
}

// serve hands what is ready to consumers that have room, in turn.
func (q *queue) serve() {
	q.expire()
	for tried := 0; len(q.ready) > 0 && tried < len(q.consumers); {
		c := q.consumers[0]
		q.consumers = append(q.consumers[1:], c)
		if len(c.unacked) >= c.spec.Prefetch {
			tried++
			continue
		}
		tried = 0
		m := q.ready[0]
		q.ready = q.ready[1:]
		c.take(m)
	}
}
