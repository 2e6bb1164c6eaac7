package amqpbridge

import (
	"context"
	"fmt"
	"time"

	"registrar/actors/otp"
	"registrar/amqpbridge/link"
)

const (
	// firstBackoff and lastBackoff bound the delay between attempts to connect; it doubles, with
	// jitter.
	firstBackoff = 50 * time.Millisecond
	lastBackoff  = 500 * time.Millisecond
	// shortSession is the age under which a lost session counts as a failed attempt: while the
	// queues of a broker are starting, the first basic.consume ends each session.
	shortSession = time.Second
	closeTimeout = 2 * time.Second
	// warnEvery is the number of failed attempts between two warnings: about half a minute.
	warnEvery = 60
)

// connectionMessage is a message to a connection.
type connectionMessage interface{ connectionMessage() }

// dialed is the result of an attempt to connect and to declare the topology.
type dialed struct {
	session link.Session
	cleanup cleanup // closes session
	err     error
}

// lost says that a session has ended.
type lost struct{ session link.Session }

// renew replaces the session by a new one.
type renew struct{}

// redial starts the next attempt to connect.
type redial struct{}

func (dialed) connectionMessage() {}
func (lost) connectionMessage()   {}
func (redial) connectionMessage() {}
func (renew) connectionMessage()  {}

// connectionSpec configures a connection. It is immutable.
type connectionSpec struct {
	// Name is the name of the connection on the broker and in [status].
	Name   string
	Dialer link.Dialer
	// Topology is declared in each session before the session is announced.
	Topology  link.Topology
	Status    *status
	Listeners []sessionListener
}

// connection keeps one connection to the broker. It dials, declares the topology and announces
// the session to its listeners. When the session ends it starts over; an absent broker is a
// state, not a crash. Only its goroutine touches it.
type connection struct {
	spec     connectionSpec
	session  link.Session // nil while disconnected
	cleanup  cleanup      // closes session
	attempts int          // failed attempts since the last usable session
	since    time.Duration
	lostBy   error // end of the last session; nil while connected
}

// newConnection returns the behaviour of a connection.
func newConnection(spec connectionSpec) *connection { return &connection{spec: spec} }

// Init starts the first attempt to connect and does not wait for it.
func (k *connection) Init(c *otp.Context[connectionMessage]) error {
	k.spec.Status.down(k.spec.Name, c.Epoch(), errNotStarted)
	k.dial(c)
	return nil
}

// Handle handles one message.
func (k *connection) Handle(c *otp.Context[connectionMessage], msg connectionMessage) {
	switch m := msg.(type) {
	case redial:
		k.dial(c)
	case dialed:
		k.onDialed(c, m)
	case lost:
		k.onLost(c, m)
	case renew:
		k.onRenew(c)
	case subscribeSession:
		if k.session != nil {
			m.listener(c, sessionChanged{session: k.session, by: c.Epoch()})
		}
	}
}

// Terminate announces the end of the session and closes it.
func (k *connection) Terminate(c *otp.Context[connectionMessage], _ otp.Reason) {
	if k.session == nil {
		return
	}
	k.announce(c, nil)
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := k.session.Close(ctx); err != nil {
		c.Log().Debug().Err(err).Str("connection", k.spec.Name).Msg("broker session not closed")
	}
	k.session = nil
}

// State returns the state for the console.
func (k *connection) State() any {
	return struct {
		Up      bool
		Attempt int
	}{k.session != nil, k.attempts}
}

func (k *connection) dial(c *otp.Context[connectionMessage]) {
	spec, life := k.spec, c.Context()
	otp.Task(c, func(ctx context.Context) (dialed, error) {
		s, err := spec.Dialer.Dial(ctx, spec.Name)
		if err != nil {
			return dialed{}, err
		}
		if err := s.Apply(ctx, spec.Topology); err != nil {
			_ = s.Close(ctx) // Apply's error is the cause
			return dialed{}, err
		}
		closeSession := closeWith(life, func() { _ = s.Close(context.WithoutCancel(ctx)) })
		return dialed{session: s, cleanup: closeSession}, nil
	}, func(m dialed, err error) connectionMessage {
		m.err = err
		return m
	})
}

func (k *connection) onDialed(c *otp.Context[connectionMessage], m dialed) {
	if m.err != nil {
		k.onDialFailed(c, m.err)
		return
	}
	k.session, k.cleanup = m.session, m.cleanup
	k.since, k.lostBy = c.Clock().Mono(), nil
	k.spec.Status.up(k.spec.Name, c.Epoch())
	c.Log().Info().Str("connection", k.spec.Name).Msg("broker connected")
	s := m.session
	otp.Task(c, func(ctx context.Context) (link.Session, error) {
		select {
		case <-s.Done():
		case <-ctx.Done():
		}
		return s, nil
	}, func(s link.Session, _ error) connectionMessage { return lost{session: s} })
	k.announce(c, s)
}

func (k *connection) onDialFailed(c *otp.Context[connectionMessage], err error) {
	ev := c.Log().Debug()
	if k.attempts%warnEvery == 0 {
		ev = c.Log().Warn()
	}
	k.attempts++
	ev.Err(err).Str("connection", k.spec.Name).Int("attempt", k.attempts).Msg("broker not reachable")
	if k.lostBy != nil {
		err = fmt.Errorf("%w; connection lost before: %w", err, k.lostBy)
	}
	k.spec.Status.down(k.spec.Name, c.Epoch(), err)
	c.After(backoff(k.attempts, c.Random()), redial{})
}

func (k *connection) onLost(c *otp.Context[connectionMessage], m lost) {
	if m.session != k.session {
		return
	}
	err := k.session.Err()
	k.cleanup.stop()
	k.session, k.cleanup, k.lostBy = nil, nil, err
	k.spec.Status.down(k.spec.Name, c.Epoch(), err)
	c.Log().Warn().Err(err).Str("connection", k.spec.Name).Msg("broker connection lost")
	k.announce(c, nil)
	if c.Clock().Mono()-k.since < shortSession {
		k.attempts++
		c.After(backoff(k.attempts, c.Random()), redial{})
		return
	}
	k.attempts = 0
	k.dial(c)
}

// onRenew closes the session. The connection then handles its end like any other.
func (k *connection) onRenew(c *otp.Context[connectionMessage]) {
	s := k.session
	if s == nil {
		return
	}
	otp.Task(c, func(ctx context.Context) (link.Session, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		_ = s.Close(ctx) // the session counts as ended even if the broker does not answer
		return s, nil
	}, func(link.Session, error) connectionMessage { return lost{session: s} })
}

func (k *connection) announce(c *otp.Context[connectionMessage], s link.Session) {
	for _, l := range k.spec.Listeners {
		l(c, sessionChanged{session: s, by: c.Epoch()})
	}
}

// backoff returns the delay after a number of failures: between half and all of the nominal
// delay, by a random number from 0 to 1.
func backoff(failures int, random float64) time.Duration {
	d := lastBackoff
	if shift := failures - 1; shift < 4 {
		d = min(firstBackoff<<shift, lastBackoff)
	}
	return d/2 + time.Duration(random*float64(d/2))
}
