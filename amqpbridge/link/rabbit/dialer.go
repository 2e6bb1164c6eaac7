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

// Dialer makes sessions with the brokers of its [Config]. It is safe for use by many goroutines.
type Dialer struct {
	cfg Config
	log zerolog.Logger
	// quorumless remembers that a broker has no quorum queues: classic ones are declared from then on.
	quorumless atomic.Bool
}

// New returns a dialer. Nothing is looked at before the first [Dialer.Dial].
func New(c Config) *Dialer {
	return &Dialer{cfg: c.withDefaults(), log: c.Log.With().Str("component", "link").Logger()}
}

// Format has every verb show the addresses without passwords.
func (d *Dialer) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, d.cfg.String()) }

// Dial connects to the first broker of the list that takes the connection. The error names each that did not, and has the kinds of all.
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
		return nil, fmt.Errorf("%w: its address is not an AMQP URL", link.ErrInvalid) // the cause may show the password
	}
	var sock *socket
	var stop func() bool // the end of ctx ends the handshake, too
	conn, err := amqp.DialConfig(address, amqp.Config{
		SASL: d.cfg.mechanism(address), Heartbeat: d.cfg.Heartbeat, Properties: properties(name), TLSClientConfig: d.cfg.TLS.Clone(), Locale: "en_US",
		Dial: func(network, addr string) (net.Conn, error) {
			dialer := net.Dialer{Timeout: d.cfg.DialTimeout}
			c, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			sock = &socket{Conn: c, answer: d.cfg.answer()}
			stop = context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
			if err := c.SetDeadline(time.Now().Add(d.cfg.DialTimeout)); err != nil {
				return nil, errors.Join(err, c.Close())
			}
			return sock, nil
		},
	})
	if stop != nil && !stop() && err == nil {
		err = context.Cause(ctx)
		_ = conn.CloseDeadline(time.Now()) // nobody waits for it any more
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

// properties are what the broker shows of a client.
func properties(name string) amqp.Table {
	p := amqp.NewConnectionProperties()
	p["product"] = "registrar"
	p.SetClientConnectionName(name)
	return p
}
