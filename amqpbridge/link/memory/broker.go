package memory

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"registrar/amqpbridge/link"
)

// Broker is a broker in memory and the [link.Dialer] of its sessions. Its mu guards it and everything that belongs to it.
type Broker struct {
	mu        sync.Mutex
	exchanges map[string]*exchange
	queues    map[string]*queue
	sessions  []*session // in the order of dialing
	refuse    error
	blocked   bool
	holding   bool
	held      []func()
	named     int
	seq       uint64 // of messages, over all queues
	expired   int    // messages

	calls   []func() // functions to call, in order
	calling bool     // somebody is at it
}

// New returns a broker with nothing declared.
func New() *Broker {
	return &Broker{exchanges: map[string]*exchange{}, queues: map[string]*queue{}}
}

// enter runs f with the lock and then, without it, the functions that are to be called, unless somebody is at it already.
func (b *Broker) enter(f func()) {
	b.mu.Lock()
	f()
	if b.calling {
		b.mu.Unlock()
		return
	}
	b.calling = true
	for len(b.calls) > 0 {
		call := b.calls[0]
		b.calls[0] = nil
		b.calls = b.calls[1:]
		b.outside(call)
	}
	b.calls = nil
	b.calling = false
	b.mu.Unlock()
}

// outside calls f without the lock. A panic of f belongs to whoever called the broker, and leaves the broker in order.
func (b *Broker) outside(f func()) {
	returned := false
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		if !returned {
			b.calling = false
			b.mu.Unlock()
		}
	}()
	f()
	returned = true
}

// Dial opens a session.
func (b *Broker) Dial(ctx context.Context, name string) (link.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("dial: %w: %w", link.ErrUnreachable, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse != nil {
		return nil, fmt.Errorf("dial: %w", b.refuse)
	}
	s := &session{b: b, name: name, done: make(chan struct{}), idle: make(chan struct{}), aliases: map[string]string{}}
	b.sessions = append(b.sessions, s)
	return s, nil
}

// Sessions returns the names of the open sessions, in the order of dialing.
func (b *Broker) Sessions() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	names := make([]string, len(b.sessions))
	for i, s := range b.sessions {
		names[i] = s.name
	}
	return names
}

// Cut ends the sessions with these names, or all sessions when there are no names, with [link.ErrLost]. It returns how many there were.
func (b *Broker) Cut(names ...string) int {
	n := 0
	b.enter(func() {
		cut := slices.Clone(b.sessions)
		if len(names) > 0 {
			cut = slices.DeleteFunc(cut, func(s *session) bool { return !slices.Contains(names, s.name) })
		}
		n = len(cut)
		end(cut, link.ErrLost)
	})
	return n
}

// end ends sessions at once: none gets what another has in hand.
func end(all []*session, why error) {
	for _, s := range all {
		for _, c := range s.consumers {
			c.detach()
		}
	}
	for _, s := range all {
		s.end(why)
	}
}

// Refuse has Dial fail with err until it is called with nil. Sessions that are open go on.
func (b *Broker) Refuse(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuse = err
}

// Stop ends all sessions with [link.ErrForced], forgets what a real broker forgets when it stops, and refuses to be dialed.
func (b *Broker) Stop() {
	b.enter(func() {
		b.refuse = link.ErrRefused
		end(slices.Clone(b.sessions), link.ErrForced)
		for _, q := range b.sorted() {
			if !q.spec.Durable {
				q.remove()
				continue
			}
			q.ready = slices.DeleteFunc(q.ready, func(m *message) bool { return !m.Persistent && q.spec.Kind != link.Quorum })
		}
		for name, x := range b.exchanges {
			if !x.spec.Durable {
				delete(b.exchanges, name)
			}
		}
	})
}

// Start lets a stopped broker be dialed again.
func (b *Broker) Start() { b.Refuse(nil) }

// Block raises the alarm, or ends it: while it lasts nobody may publish.
func (b *Broker) Block(alarm bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.blocked = alarm
}

// HoldConfirms keeps back the outcomes of confirmed publishings from now on, until it is called with false, which tells them. Those of
// a session that ends in the meantime are told as why it ended.
func (b *Broker) HoldConfirms(hold bool) {
	b.enter(func() {
		b.holding = hold
		if hold {
			return
		}
		for _, tell := range b.held {
			tell()
		}
		b.held = nil
		for _, s := range b.sessions {
			s.held = nil
		}
	})
}

// DeleteQueue deletes a queue with what is in it; sessions that consume it end with [link.ErrCancelled].
func (b *Broker) DeleteQueue(_ context.Context, name string) error {
	found := false
	b.enter(func() {
		q, ok := b.queues[name]
		if found = ok; ok {
			q.delete(link.ErrCancelled)
		}
	})
	if !found {
		return fmt.Errorf("delete queue %s: %w", name, link.ErrNotFound)
	}
	return nil
}

// Expired counts the messages that no consumer has taken in time, over all queues.
func (b *Broker) Expired() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.expired
}

// Depth returns how many messages of a queue wait, and how many are in hand of consumers.
func (b *Broker) Depth(queue string) (ready, unacked int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q, ok := b.queues[queue]
	if !ok {
		return 0, 0
	}
	for _, s := range b.sessions {
		for _, c := range s.consumers {
			if c.q == q {
				unacked += len(c.open)
			}
		}
	}
	return len(q.ready), unacked
}

// sorted returns the queues by name.
func (b *Broker) sorted() []*queue {
	all := make([]*queue, 0, len(b.queues))
	for _, q := range b.queues {
		all = append(all, q)
	}
	slices.SortFunc(all, func(a, c *queue) int { return compare(a.name, c.name) })
	return all
}

func (b *Broker) newName() string {
	b.named++
	return "amq.gen-" + strconv.Itoa(b.named)
}
