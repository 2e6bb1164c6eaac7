package rabbit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/rs/zerolog"

	"registrar/amqpbridge/link"
)

// Dialer opens sessions with the brokers of its [Config]. It is safe for concurrent use.
type Dialer struct {
	cfg Config
	log zerolog.Logger
	// quorumless is set when a broker has no quorum queues. Then classic ones are declared.
	quorumless atomic.Bool
}

// New returns a dialer. It does not validate the configuration; see [Config.Validate].
func New(c Config) *Dialer {
	return &Dialer{cfg: c.withDefaults(), log: c.Log.With().Str("component", "link").Logger()}
}

// Format prints the URLs without passwords for every verb.
func (d *Dialer) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, d.cfg.String()) }

// Dial connects to the first broker of the list that accepts the connection. Otherwise the error
// lists every broker's failure and matches all their kinds.
func (d *Dialer) Dial(ctx context.Context, name string) (link.Session, error) {
	if len(d.cfg.URLs) == 0 {
		return nil, fmt.Errorf("dial: %w: no broker is configured", link.ErrInvalid)
	}
	var failed error
	for i, address := range d.cfg.URLs {
		s, err := d.dial(ctx, address, name)
		if err == nil {
			return s, nil
		}
		err = fmt.Errorf("dial broker %d of %d: %w", i+1, len(d.cfg.URLs), err)
		if failed == nil {
			failed = err
		} else {
			failed = fmt.Errorf("%w; %w", failed, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failed
}

func (d *Dialer) dial(ctx context.Context, address, name string) (*session, error) {
	if _, err := amqp.ParseURI(address); err != nil {
		return nil, fmt.Errorf("%w: its address is not an AMQP URL", link.ErrInvalid) // the cause may contain the password
	}
	var sock *socket
	var stop func() bool // the end of ctx also ends the handshake
	conn, err := amqp.DialConfig(address, amqp.Config{
		SASL: d.cfg.mechanism(address), Heartbeat: d.cfg.Heartbeat, Properties: properties(name), TLSClientConfig: d.cfg.TLS.Clone(), Locale: "en_US",
		Dial: func(network, addr string) (net.Conn, error) {
			dialer := net.Dialer{Timeout: d.cfg.DialTimeout}
			c, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err //nolint:wrapcheck // wrapDial wraps it.
			}
			sock = &socket{Conn: c, handshakeTime: d.cfg.handshakeTime()}
			stop = context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
			if err := c.SetDeadline(time.Now().Add(d.cfg.DialTimeout)); err != nil {
				return nil, errors.Join(err, c.Close())
			}
			return sock, nil
		},
	})
	if stop != nil && !stop() && err == nil {
		err = context.Cause(ctx)
		_ = conn.CloseDeadline(time.Now()) // the caller no longer waits
	}
	if err != nil {
		var seen error
		if sock != nil {
			seen = sock.timeout()
			_ = sock.Close() // the library leaves it open after a failed handshake
		}
		return nil, wrapDial(err, seen)
	}
	return newSession(d, conn, sock), nil
}

// properties returns the client properties that the broker lists.
func properties(name string) amqp.Table {
	p := amqp.NewConnectionProperties()
	p["product"] = "registrar"
	p.SetClientConnectionName(name)
	return p
}
