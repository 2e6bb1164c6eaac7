package memory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"registrar/amqpbridge/link"
)

// session is a connection to a [Broker]; the broker's lock guards it. err is written before done
// is closed.
type session struct {
	b             *Broker
	name          string
	done          chan struct{} // closed when the session has ended
	err           error
	pending       int           // callbacks that have not returned
	idle          chan struct{} // closed when the session has ended and no callback remains
	callbacksDone bool
	aliases       map[string]string
	notices       []link.Notice
	consumers     []*consumer
	held          []*result
}

// ended reports whether the session has ended. The caller holds the lock.
func (s *session) ended() bool { return s.err != nil }

// addCallback appends the callback f, to run without the lock.
func (s *session) addCallback(f func()) {
	s.pending++
	s.b.callbacks = append(s.b.callbacks, func() {
		f()
		s.b.mu.Lock()
		defer s.b.mu.Unlock()
		s.pending--
		s.finish()
	})
}

// finish closes idle after the last callback.
func (s *session) finish() {
	if s.ended() && s.pending == 0 && !s.callbacksDone {
		s.callbacksDone = true
		close(s.idle)
	}
}

// end ends the session. Its exclusive queues are deleted, and all its unacknowledged messages are
// requeued before any is delivered again.
func (s *session) end(why error) {
	if s.ended() {
		return
	}
	s.err = why
	close(s.done)
	s.b.sessions = slices.DeleteFunc(s.b.sessions, func(other *session) bool { return other == s })
	for _, o := range s.held {
		o.report(why)
	}
	s.held = nil
	for _, c := range s.consumers {
		c.detach()
	}
	for _, q := range s.b.sorted() {
		if q.owner == s {
			q.delete(link.ErrCancelled)
		}
	}
	var touched []*queue
	for _, c := range s.consumers {
		c.requeueAll()
		touched = append(touched, c.q)
		c.finish()
	}
	for _, q := range touched {
		q.dispatch()
	}
	s.finish()
}

// use runs f with the lock if the session is open, and ends the session if f fails.
func (s *session) use(ctx context.Context, what string, f func() error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	var err error
	s.b.locked(func() {
		if s.ended() {
			err = link.ErrClosed
			return
		}
		if err = f(); err != nil {
			s.end(err)
		}
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// QueueName implements [link.Session].
func (s *session) QueueName(alias string) string {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	return s.resolve(alias)
}

func (s *session) resolve(alias string) string {
	if name, ok := s.aliases[alias]; ok {
		return name
	}
	return alias
}

// Notices implements [link.Session].
func (s *session) Notices() []link.Notice {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	return slices.Clone(s.notices)
}

// Done implements [link.Session].
func (s *session) Done() <-chan struct{} { return s.done }

// Err implements [link.Session].
func (s *session) Err() error {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	return s.err
}

// IdleAfter implements [link.Session]. The broker delivers at once; the machine may be busy.
func (*session) IdleAfter() time.Duration { return 50 * time.Millisecond }

// Blocked implements [link.Session].
func (s *session) Blocked() bool {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	return s.b.blocked
}

// Close ends the session and waits for its callbacks.
func (s *session) Close(ctx context.Context) error {
	s.b.locked(func() { s.end(link.ErrClosed) })
	select {
	case <-s.idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close session: %w", ctx.Err())
	}
}
