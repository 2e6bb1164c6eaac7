package rabbit

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/rs/zerolog"

	"registrar/amqpbridge/link"
)

const (
	heartbeat   = 5 * time.Second
	dialTimeout = 3 * time.Second
)

// Config says where brokers are.
type Config struct {
	// URLs are tried in turn, one at each Dial.
	URLs []string
	// TLS is used for amqps URLs; nil is the library's default.
	TLS *tls.Config
	Log zerolog.Logger
}

// Dialer makes sessions with the brokers of its configuration.
type Dialer struct {
	cfg  Config
	next atomic.Uint64
}

// New makes a dialer. A URL that cannot be read is an error, which does not repeat it.
func New(cfg Config) (*Dialer, error) {
	if len(cfg.URLs) == 0 {
		return nil, errors.New("no AMQP URL")
	}
	for i, u := range cfg.URLs {
		if _, err := amqp.ParseURI(u); err != nil {
			return nil, fmt.Errorf("AMQP URL %d cannot be read: it should look like amqp://user:password@host:5672/vhost", i+1)
		}
	}
	return &Dialer{cfg: cfg}, nil
}

// Redact returns a URL without its password, for people to read.
func Redact(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "(unreadable URL)"
	}
	return u.Redacted()
}

// Dial connects to the next broker.
func (d *Dialer) Dial(ctx context.Context, name string) (link.Session, error) {
	raw := d.cfg.URLs[(d.next.Add(1)-1)%uint64(len(d.cfg.URLs))]
	props := amqp.NewConnectionProperties()
	props.SetClientConnectionName("registrar " + name)
	conn, err := amqp.DialConfig(raw, amqp.Config{
		Heartbeat: heartbeat, Properties: props, TLSClientConfig: d.cfg.TLS,
		Dial: func(network, addr string) (net.Conn, error) {
			dialer := net.Dialer{Timeout: dialTimeout}
			c, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err //nolint:wrapcheck // classified below.
			}
			// The handshake has no timeout of its own; the library clears this once it is through.
			if err := c.SetDeadline(time.Now().Add(dialTimeout)); err != nil {
				_ = c.Close()   // the first error is the one that counts
				return nil, err //nolint:wrapcheck // as above.
			}
			return c, nil
		},
	})
	if err != nil {
		return nil, classify(err)
	}
	return newSession(conn, d.cfg.Log.With().Str("connection", name).Logger()), nil
}

// classify names what went wrong without repeating the URL.
func classify(err error) error {
	if protocol, ok := errors.AsType[*amqp.Error](err); ok {
		switch protocol.Code {
		case amqp.AccessRefused, amqp.NotAllowed:
			return fmt.Errorf("%w: %d %s", link.ErrRefused, protocol.Code, protocol.Reason)
		}
		return fmt.Errorf("%w: %d %s", link.ErrUnreachable, protocol.Code, protocol.Reason)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return fmt.Errorf("%w: %w", link.ErrUnreachable, op)
	}
	return fmt.Errorf("%w: the handshake failed: %v", link.ErrUnreachable, err) //nolint:errorlint // the library's, kept out of reach.
}
