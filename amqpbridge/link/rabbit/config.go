package rabbit

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/rs/zerolog"
)

// Config holds the broker addresses, the credentials and the timeouts.
type Config struct {
	// URLs are tried in order. The form is amqp://user:password@host:port/vhost, or amqps.
	URLs []string
	// User and Password are used for URLs without a user.
	User, Password string
	// External authenticates with the client certificate (SASL EXTERNAL). No password is sent.
	External bool
	// Heartbeat is the offered interval, 5 s by default. Both sides notice a dead connection
	// after two to three intervals.
	Heartbeat time.Duration
	// DialTimeout is the time limit for the connection and the broker's first frame, 3 s by
	// default. The rest of the handshake has the same limit, but at least 6 s: RabbitMQ answers
	// refused credentials late.
	DialTimeout time.Duration
	// CallTimeout is the time limit for one synchronous call, such as a declaration, 10 s by
	// default.
	CallTimeout time.Duration
	// WriteTimeout is the time limit for one blocked write to the socket, 5 s by default.
	WriteTimeout time.Duration
	// TLS is used for amqps. With nil the system's roots and the URL's host name are used.
	TLS *tls.Config
	// Log receives warnings about entities with other properties than declared.
	Log zerolog.Logger
}

func (c Config) withDefaults() Config {
	c.Heartbeat = cmp.Or(c.Heartbeat, 5*time.Second)
	c.DialTimeout = cmp.Or(c.DialTimeout, 3*time.Second)
	c.CallTimeout = cmp.Or(c.CallTimeout, 10*time.Second)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, 5*time.Second)
	return c
}

// refusalTime is the time limit for the broker to close the connection after its first frame.
// RabbitMQ closes the connection of a client with wrong credentials after 3 s. A busy machine
// needs longer, and a refusal must not be reported as an unreachable broker.
const refusalTime = 6 * time.Second

// handshakeTime returns the time limit for the handshake after the broker's first frame.
func (c Config) handshakeTime() time.Duration { return max(c.DialTimeout, refusalTime) }

// mechanism returns the SASL mechanism; nil selects the credentials of the URL.
func (c Config) mechanism(address string) []amqp.Authentication {
	u, err := url.Parse(address)
	switch {
	case c.External:
		return []amqp.Authentication{&amqp.ExternalAuth{}}
	case err == nil && u.User == nil && c.User != "":
		return []amqp.Authentication{&amqp.PlainAuth{Username: c.User, Password: c.Password}}
	}
	return nil
}

// Validate reports the first invalid URL by its position. It does not repeat the URL, which may
// contain a password.
func (c Config) Validate() error {
	if len(c.URLs) == 0 {
		return errors.New("no AMQP URL")
	}
	for i, u := range c.URLs {
		if _, err := amqp.ParseURI(u); err != nil {
			return fmt.Errorf("AMQP URL %d cannot be read: it should look like amqp://user:password@host:5672/vhost", i+1)
		}
	}
	return nil
}

// String returns the URLs without passwords.
func (c Config) String() string {
	shown := make([]string, len(c.URLs))
	for i, u := range c.URLs {
		shown[i] = redacted(u)
	}
	return "rabbit(" + strings.Join(shown, " ") + ")"
}

// Format prints [Config.String] for every verb. By default %+v and %#v print the passwords.
func (c Config) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, c.String()) }

// redacted returns a URL without its password, or a fixed text if it is not valid.
func redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Opaque != "" || u.Host == "" {
		return "(not a URL)"
	}
	u.RawQuery = "" // the query may name files and keys
	return u.Redacted()
}
