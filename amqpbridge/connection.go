package amqpbridge

import (
	"context"
	"fmt"
	"time"

	"registrar/actors/otp"
	"registrar/amqpbridge/link"
)

// Back-off between attempts to reach the broker: it doubles from the first to the last, with jitter.
const (
	firstBackoff = 50 * time.Millisecond
	lastBackoff  = 500 * time.Millisecond
	// A session of less than shortLived has failed rather than ended: a broker whose queues are coming up ends each with the first try to consume.
	shortLived   = time.Second
	closeTimeout = 2 * time.Second
)

// ConnectionMessage is what a connection's actor understands.
type ConnectionMessage interface{ connectionMessage() }

// dialed is the end of an attempt to connect and to declare the topology.
type dialed struct {
	session link.Session
	cleanup cleanup // of the session
	err     error
}

// lost says that a session has ended.
type lost struct{ session link.Session }

// renew asks for a new session in place of one that looks well and is not.
type renew struct{}

// redial asks for the next attempt.
type redial struct{}

func (dialed) connectionMessage() {}
func (lost) connectionMessage()   {}
func (redial) connectionMessage() {}
func (renew) connectionMessage()  {}

// Connection keeps one connection to the broker: it dials, declares what its spec names, hands the session to its listeners and starts
// over with a new session when anything of the old one ends. No broker is a state here, not a failure. Its goroutine alone
// touches it.
type Connection struct {
	spec    ConnectionSpec
	session link.Session
	cleanup cleanup // of the session
	attempt int
	since   time.Duration // when the session began, on the monotonic clock
	lost    error         // why the last one has ended; nil while there is one
}

// ConnectionSpec is what a connection needs. It is immutable.
type ConnectionSpec struct {
	// Name shows on the broker.
	Name   string
	Dialer link.Dialer
	// Topology is declared and bound in each new session before anybody hears of it.
	Topology  link.Topology
	Status    *Status
	Listeners []sessionListener
}

// NewConnection returns the behaviour of a connection.
func NewConnection(spec ConnectionSpec) *Connection { return &Connection{spec: spec} }

// Init starts the first attempt; it does not wait for it.
func (k *Connection) Init(c *otp.Context[ConnectionMessage]) error {
	k.spec.Status.down(k.spec.Name, c.Epoch(), errNotStarted)
	k.dial(c)
	return nil
}

// Handle takes one message.
func (k *Connection) Handle(c *otp.Context[ConnectionMessage], msg ConnectionMessage) {
	switch m := msg.(type) {
	case redial:
		k.dial(c)
	case dialed:
		k.onDialed(c, m)
	case lost:
		k.onLost(c, m)
	case renew:
		k.renew(c)
	case subscribeSession:
		if k.session != nil {
			m.listener(c, sessionChanged{session: k.session, by: c.Epoch()})
		}
	}
}

// Terminate closes the session; the listeners learn it from the next incarnation's first session.
func (k *Connection) Terminate(c *otp.Context[ConnectionMessage], _ otp.Reason) {
	if k.session == nil {
		return
	}
	k.announce(c, nil)
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := k.session.Close(ctx); err != nil {
		c.Log().Debug().Err(err).Msg("closing the session")
	}
	k.session = nil
}

// State is what an operator may see.
func (k *Connection) State() any {
	return struct {
		Up      bool
		Attempt int
	}{k.session != nil, k.attempt}
}

func (k *Connection) dial(c *otp.Context[ConnectionMessage]) {
	spec, life := k.spec, c.Context()
	otp.Task(c, func(ctx context.Context) (dialed, error) {
		s, err := spec.Dialer.Dial(ctx, spec.Name)
		if err != nil {
			return dialed{}, err
		}
		if err := s.Apply(ctx, spec.Topology); err != nil {
			_ = s.Close(ctx) // the first error is the one that counts
			return dialed{}, err
		}
		return dialed{session: s, cleanup: closeWith(life, func() { _ = s.Close(context.WithoutCancel(ctx)) })}, nil
	}, func(m dialed, err error) ConnectionMessage {
		m.err = err
		return m
	})
}

func (k *Connection) onDialed(c *otp.Context[ConnectionMessage], m dialed) {
	if m.err != nil {
		k.attempt++
		k.down(c, m.err)
		ev := c.Log().Debug()
		if k.attempt == 1 || k.attempt%60 == 0 { // about every half a minute: said, not shouted
			ev = c.Log().Warn()
		}
		ev.Err(m.err).Str("connection", k.spec.Name).Int("attempt", k.attempt).Msg("no broker")
		c.After(backoff(k.attempt, c.Random()), redial{})
		return
	}
	k.session, k.cleanup = m.session, m.cleanup
	k.since, k.lost = c.Clock().Mono(), nil
	k.spec.Status.up(k.spec.Name, c.Epoch())
	c.Log().Info().Str("connection", k.spec.Name).Msg("connected")
	s := m.session
	otp.Task(c, func(ctx context.Context) (link.Session, error) {
		select {
		case <-s.Done():
		case <-ctx.Done():
		}
		return s, nil
	}, func(s link.Session, _ error) ConnectionMessage { return lost{session: s} })
	k.announce(c, s)
}

func (k *Connection) onLost(c *otp.Context[ConnectionMessage], m lost) {
	if m.session != k.session {
		return
	}
	err := k.session.Err()
	k.cleanup.stop()
	k.session, k.cleanup, k.lost = nil, nil, err
	k.spec.Status.down(k.spec.Name, c.Epoch(), err)
	c.Log().Warn().Err(err).Str("connection", k.spec.Name).Msg("connection lost")
	k.announce(c, nil)
	if c.Clock().Mono()-k.since < shortLived {
		k.attempt++
		c.After(backoff(k.attempt, c.Random()), redial{})
		return
	}
	k.attempt = 0
	k.dial(c)
}

// down says why there is no session: what the last attempt has met, and what it all began with.
func (k *Connection) down(c *otp.Context[ConnectionMessage], err error) {
	if k.lost != nil {
		err = fmt.Errorf("%w; it began with: %w", err, k.lost)
	}
	k.spec.Status.down(k.spec.Name, c.Epoch(), err)
}

// renew ends the session; that it has ended is then noticed like any other end.
func (k *Connection) renew(c *otp.Context[ConnectionMessage]) {
	s := k.session
	if s == nil {
		return
	}
	otp.Task(c, func(ctx context.Context) (link.Session, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		_ = s.Close(ctx) // how it ends does not matter
		return nil, nil  //nolint:nilnil // nothing comes of it.
	}, func(link.Session, error) ConnectionMessage { return lost{session: s} })
}

func (k *Connection) announce(c *otp.Context[ConnectionMessage], s link.Session) {
	for _, l := range k.spec.Listeners {
		l(c, sessionChanged{session: s, by: c.Epoch()})
	}
}

// backoff returns how long to wait after so many failures, between half and all of the nominal time: random is from 0 to 1.
func backoff(failures int, random float64) time.Duration {
	d := lastBackoff
	if shift := failures - 1; shift < 4 {
		d = min(firstBackoff<<shift, lastBackoff)
	}
	return d/2 + time.Duration(random*float64(d/2))
}
