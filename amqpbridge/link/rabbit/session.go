package rabbit

import (
	"context"
	"fmt"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/rs/zerolog"

	"registrar/amqpbridge/link"
)

// closeWithin bounds closing a connection: a broker that does not answer must not hold anybody up.
const closeWithin = time.Second

// session is one connection. It ends once, for the first reason; its goroutines end with it.
type session struct {
	conn *amqp.Connection
	log  zerolog.Logger
	done chan struct{}
	once sync.Once
	err  error
}

func newSession(conn *amqp.Connection, log zerolog.Logger) *session {
	s := &session{conn: conn, log: log, done: make(chan struct{})}
	closed := conn.NotifyClose(make(chan *amqp.Error, 1))
	blocked := conn.NotifyBlocked(make(chan amqp.Blocking, 8))
	go s.watch(closed, blocked)
	return s
}

// watch waits for the end of the connection and tells of alarms meanwhile.
func (s *session) watch(closed chan *amqp.Error, blocked chan amqp.Blocking) {
	for {
		select {
		case err := <-closed:
			if err == nil {
				s.end(link.ErrClosed)
			} else {
				s.end(fmt.Errorf("%w: %d %s", link.ErrClosed, err.Code, err.Reason))
			}
			return
		case b, ok := <-blocked:
			switch {
			case !ok:
				blocked = nil
			case b.Active:
				s.log.Warn().Str("reason", b.Reason).Msg("the broker takes no messages for now")
			default:
				s.log.Info().Msg("the broker takes messages again")
			}
		}
	}
}

// end ends the session for a reason; only the first counts.
func (s *session) end(why error) {
	s.once.Do(func() {
		s.err = why
		close(s.done)
		go func() { _ = s.conn.CloseDeadline(time.Now().Add(closeWithin)) }() // it is over either way
	})
}

// Done is closed when the session has ended.
func (s *session) Done() <-chan struct{} { return s.done }

// Err says why it has ended.
func (s *session) Err() error {
	select {
	case <-s.done:
		return s.err
	default:
		return nil
	}
}

// Close ends the session and waits until the connection is gone.
func (s *session) Close(context.Context) error {
	s.once.Do(func() {
		s.err = link.ErrClosed
		close(s.done)
	})
	_ = s.conn.CloseDeadline(time.Now().Add(closeWithin)) // closed twice is closed
	return nil
}

// guarded runs a synchronous call of the library, which knows neither contexts nor timeouts: when ctx or the session ends
// first, the session is ended, which makes the call return.
func (s *session) guarded(ctx context.Context, what string, call func() error) error {
	result := make(chan error, 1)
	go func() { result <- call() }()
	select {
	case err := <-result:
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return nil
	case <-ctx.Done():
		s.end(fmt.Errorf("%w: %s: %w", link.ErrClosed, what, context.Cause(ctx)))
	case <-s.done:
	}
	if err := <-result; err != nil { // the connection closes within a second
		s.log.Debug().Err(err).Str("call", what).Msg("cut off")
	}
	return fmt.Errorf("%s: %w", what, s.Err())
}

// channel opens a channel whose end is the session's end.
func (s *session) channel(ctx context.Context) (*amqp.Channel, error) {
	var ch *amqp.Channel
	err := s.guarded(ctx, "open a channel", func() (err error) {
		ch, err = s.conn.Channel()
		return err //nolint:wrapcheck // wrapped by guarded.
	})
	return ch, err
}

// follow ends the session when a channel closes with an error; a channel that was closed on purpose ends nothing.
func (s *session) follow(ch *amqp.Channel) {
	closed := ch.NotifyClose(make(chan *amqp.Error, 1))
	go func() {
		if err := <-closed; err != nil {
			s.end(fmt.Errorf("%w: channel: %d %s", link.ErrClosed, err.Code, err.Reason))
		}
	}()
}
