package memory

import (
	"context"
	"fmt"
	"slices"

	"registrar/amqpbridge/link"
)

// session is a connection to a [Broker], whose lock guards it. Its err is written before done is closed.
type session struct {
	b         *Broker
	name      string
	done      chan struct{} // it has ended
	err       error
	owed      int           // functions of this session that are still to be called
	idle      chan struct{} // it has ended and none is
	idled     bool
	aliases   map[string]string
	notices   []link.Notice
	consumers []*consumer
	held      []*outcome
}

// ended reports whether the session has; the lock is held.
func (s *session) ended() bool { return s.err != nil }

// call leaves f to be called without the lock, in its turn.
func (s *session) call(f func()) {
	s.owed++
	s.b.calls = append(s.b.calls, func() {
		f()
		s.b.mu.Lock()
		defer s.b.mu.Unlock()
		s.owed--
		s.settle()
	})
}

// settle closes idle when nothing more will be called.
func (s *session) settle() {
	if s.ended() && s.owed == 0 && !s.idled {
		s.idled = true
		close(s.idle)
	}
}

// end ends the session: its exclusive queues go, and what it has in hand goes back before anybody gets any of it.
func (s *session) end(why error) {
	if s.ended() {
		return
	}
	s.err = why
	close(s.done)
	s.b.sessions = slices.DeleteFunc(s.b.sessions, func(other *session) bool { return other == s })
	for _, o := range s.held {
		o.tell(why)
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
		c.giveBack()
		touched = append(touched, c.q)
		c.finish()
	}
	for _, q := range touched {
		q.work()
	}
	s.settle()
}

// use runs f with the lock if the session is alive, and ends the session with the error that f returns.
func (s *session) use(ctx context.Context, what string, f func() error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	var err error
	s.b.enter(func() {
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

// QueueName resolves an alias.
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

// Notices returns what is used otherwise than declared.
func (s *session) Notices() []link.Notice {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	return slices.Clone(s.notices)
}

// Done is closed when the session has ended.
func (s *session) Done() <-chan struct{} { return s.done }

// Err says why the session has ended.
func (s *session) Err() error {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	return s.err
}

// Blocked reports the alarm.
func (s *session) Blocked() bool {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	return s.b.blocked
}

// Close ends the session and waits until nothing of it will be called.
func (s *session) Close(ctx context.Context) error {
	s.b.enter(func() { s.end(link.ErrClosed) })
	select {
	case <-s.idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close session: %w", ctx.Err())
	}
}
