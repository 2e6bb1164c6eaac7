package rabbit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/rs/zerolog"

	"registrar/amqpbridge/link"
)

// hangUp is the time limit for the broker's answer to a connection close.
const hangUp = time.Second

// session is one connection. Its first error ends it: fail closes done and the connection, and
// with it all channels. mu guards the fields below it. err is written before done is closed.
type session struct {
	cfg        Config
	log        zerolog.Logger
	quorumless *atomic.Bool // belongs to the dialer
	conn       *amqp.Connection
	sock       *socket

	blocked atomic.Bool
	once    sync.Once
	done    chan struct{}
	err     error
	tasks   sync.WaitGroup
	setup   sync.Mutex // one Apply at a time

	mu         sync.Mutex
	ended      bool
	closing    bool // Close was called
	notices    []link.Notice
	declared   map[string]string // queue or alias to name
	exchanges  map[string]bool
	consumers  []*consumer
	publishers []*publisher
}

func newSession(d *Dialer, conn *amqp.Connection, sock *socket) *session {
	s := &session{
		cfg: d.cfg, quorumless: &d.quorumless, log: d.log, conn: conn, sock: sock, done: make(chan struct{}),
		declared: map[string]string{}, exchanges: map[string]bool{},
	}
	closed := conn.NotifyClose(make(chan *amqp.Error, 1))
	blocked := conn.NotifyBlocked(make(chan amqp.Blocking, 16))
	s.tasks.Go(func() { s.watch(closed, blocked) })
	return s
}

// watch handles the end of the connection, alarms and blocked writes.
func (s *session) watch(closed <-chan *amqp.Error, blocked <-chan amqp.Blocking) {
	tick := time.NewTicker(s.cfg.WriteTimeout / 4)
	defer tick.Stop()
	for {
		select {
		case e, ok := <-closed:
			if ok {
				s.fail(wrap(e))
			}
			s.fail(link.ErrClosed)
			return
		case b, ok := <-blocked:
			if !ok {
				blocked = nil
				continue
			}
			s.blocked.Store(b.Active)
		case <-tick.C:
			if d := s.sock.writeTime(); d > s.cfg.WriteTimeout {
				s.fail(fmt.Errorf("%w: a write has been stuck for %s", link.ErrLost, d.Round(time.Millisecond)))
			}
		}
	}
}

// start runs f in a goroutine of the session, unless the session has ended.
func (s *session) start(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	s.tasks.Go(f)
	return true
}

// fail ends the session with the reason err. Only the first reason counts.
func (s *session) fail(err error) {
	s.once.Do(func() {
		s.mu.Lock()
		s.ended = true
		s.err = err
		s.mu.Unlock()
		close(s.done)
		s.tasks.Go(s.hangUp)
	})
}

// hangUp closes the connection. The library waits for the broker's answer behind locks that a
// blocked write may hold, and each heartbeat extends its deadline. So the socket is closed
// directly after the time limit.
func (s *session) hangUp() {
	up := time.AfterFunc(hangUp, func() { _ = s.sock.Close() })
	defer up.Stop()
	_ = s.conn.CloseDeadline(time.Now().Add(hangUp)) // the session's error has the cause
}

// call waits for f, a synchronous call of the library. When ctx ends or CallTimeout passes, it
// ends the session: nothing else makes the library return.
func (s *session) call(ctx context.Context, f func() error) error {
	if err := s.Err(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err //nolint:wrapcheck // the callers wrap it.
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.CallTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { s.fail(fmt.Errorf("%w: %w", link.ErrTimeout, context.Cause(ctx))) })
	err := wrap(f())
	stop()
	if !errors.Is(err, link.ErrClosed) {
		return err
	}
	select { // the watchers report the reason shortly after
	case <-s.done:
		return s.err
	case <-ctx.Done():
		return err
	}
}

// Done implements [link.Session].
func (s *session) Done() <-chan struct{} { return s.done }

// Err implements [link.Session].
func (s *session) Err() error {
	select {
	case <-s.done:
		return s.err
	default:
		return nil
	}
}

// IdleAfter implements [link.Session]. The broker may be busy with other queues.
func (*session) IdleAfter() time.Duration { return 300 * time.Millisecond }

// Blocked implements [link.Session].
func (s *session) Blocked() bool { return s.blocked.Load() }

// Notices implements [link.Session].
func (s *session) Notices() []link.Notice {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.notices)
}

// QueueName implements [link.Session].
func (s *session) QueueName(alias string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name, ok := s.declared[alias]; ok {
		return name
	}
	return alias
}

// closeInOrder closes the channels and ends the session. Only the first call does; later calls wait for
// its end.
func (s *session) closeInOrder(ctx context.Context) (err error) {
	s.mu.Lock()
	first := !s.closing
	s.closing = true
	s.mu.Unlock()
	if !first {
		select {
		case <-s.done:
		case <-ctx.Done():
		}
		return nil
	}
	if s.Err() == nil && !s.Blocked() { // during an alarm the broker does not read the close
		err = s.closeChannels(ctx)
	}
	s.fail(link.ErrClosed)
	return err
}

// Close implements [link.Session].
func (s *session) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.CallTimeout)
	defer cancel()
	err := s.closeInOrder(ctx)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		s.tasks.Wait()
	}()
	select {
	case <-gone:
	case <-ctx.Done():
		err = ctx.Err()
	}
	// A concurrent Close, or a queue deleted at the same time, is not an error of this call.
	if err != nil && !errors.Is(err, link.ErrClosed) && !errors.Is(err, link.ErrCancelled) {
		return fmt.Errorf("close session: %w", err)
	}
	return nil
}
