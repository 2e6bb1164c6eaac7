package memory

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"registrar/amqpbridge/link"
)

// Broker is a broker in memory and the [link.Dialer] of its sessions. mu guards it and everything
// that belongs to it.
type Broker struct {
	mu        sync.Mutex
	exchanges map[string]*exchange
	queues    map[string]*queue
	sessions  []*session // in dial order
	dialErr   error
	blocked   bool
	holding   bool
	held      []func()
	generated int
	seq       uint64 // of the last message in any queue
	expired   int    // number of messages

	callbacks []func() // callbacks, in order
	calling   bool     // a goroutine runs the callbacks
}

// New returns a broker without entities.
func New() *Broker {
	return &Broker{exchanges: map[string]*exchange{}, queues: map[string]*queue{}}
}

// locked runs f with the lock, then the callbacks without it, unless another goroutine runs them.
func (b *Broker) locked(f func()) {
	b.mu.Lock()
	f()
	if b.calling {
		b.mu.Unlock()
		return
	}
	b.calling = true
	for len(b.callbacks) > 0 {
		call := b.callbacks[0]
		b.callbacks[0] = nil
		b.callbacks = b.callbacks[1:]
		b.callUnlocked(call)
	}
	b.callbacks = nil
	b.calling = false
	b.mu.Unlock()
}

// callUnlocked calls f without the lock. A panic of f propagates to the caller of the broker and
// leaves the broker usable.
func (b *Broker) callUnlocked(f func()) {
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
	if b.dialErr != nil {
		return nil, fmt.Errorf("dial: %w", b.dialErr)
	}
	s := &session{b: b, name: name, done: make(chan struct{}), idle: make(chan struct{}), aliases: map[string]string{}}
	b.sessions = append(b.sessions, s)
	return s, nil
}

// Sessions returns the names of the open sessions, in dial order.
func (b *Broker) Sessions() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	names := make([]string, len(b.sessions))
	for i, s := range b.sessions {
		names[i] = s.name
	}
	return names
}

// Cut ends the sessions with these names, or all without names, with [link.ErrLost]. It returns
// the number of ended sessions.
func (b *Broker) Cut(names ...string) int {
	n := 0
	b.locked(func() {
		cut := slices.Clone(b.sessions)
		if len(names) > 0 {
			cut = slices.DeleteFunc(cut, func(s *session) bool { return !slices.Contains(names, s.name) })
		}
		n = len(cut)
		end(cut, link.ErrLost)
	})
	return n
}

// end ends sessions together: none receives the unacknowledged messages of another.
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

// Refuse makes Dial fail with err until it is called with nil. Open sessions are not affected.
func (b *Broker) Refuse(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dialErr = err
}

// Stop ends all sessions with [link.ErrForced], removes non-durable data, and refuses
// connections.
func (b *Broker) Stop() {
	b.locked(func() {
		b.dialErr = link.ErrRefused
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

// Start accepts connections again after [Broker.Stop].
func (b *Broker) Start() { b.Refuse(nil) }

// Block sets or clears the alarm. During it no publishing is accepted.
func (b *Broker) Block(alarm bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.blocked = alarm
}

// HoldConfirms delays the results of confirmed publishings until it is called with false. If a
// session ends meanwhile, its results are the reason for its end.
func (b *Broker) HoldConfirms(hold bool) {
	b.locked(func() {
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

// DeleteQueue deletes a queue with its messages. Sessions that consume it end with
// [link.ErrCancelled].
func (b *Broker) DeleteQueue(_ context.Context, name string) error {
	found := false
	b.locked(func() {
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

// Expired returns the number of messages that expired in any queue.
func (b *Broker) Expired() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.expired
}

// Depth returns the numbers of ready and of unacknowledged messages of a queue.
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
				unacked += len(c.unacked)
			}
		}
	}
	return len(q.ready), unacked
}

// sorted returns the queues sorted by name.
func (b *Broker) sorted() []*queue {
	all := make([]*queue, 0, len(b.queues))
	for _, q := range b.queues {
		all = append(all, q)
	}
	slices.SortFunc(all, func(a, c *queue) int { return compare(a.name, c.name) })
	return all
}

func (b *Broker) newName() string {
	b.generated++
	return "amq.gen-" + strconv.Itoa(b.generated)
}
