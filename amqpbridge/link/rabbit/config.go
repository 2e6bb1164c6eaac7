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

// Config says where the brokers are and how long to wait for them.
type Config struct {
	// URLs are tried in order: amqp://user:password@host:port/vhost, or amqps.
	URLs []string
	// User and Password are for addresses that name no user.
	User, Password string
	// External has the broker take the client's certificate for its identity (SASL EXTERNAL); no password is sent.
	External bool
	// Heartbeat is the interval to offer, 5 s unless set: a black hole is noticed by us after two to three intervals, by the
	// broker after two to three, too.
	Heartbeat time.Duration
	// DialTimeout bounds the wait for the connection and for the broker's first word, 3 s unless set. The rest of the handshake may take as
	// long again, and at least 6 s: a broker that refuses credentials says so late.
	DialTimeout time.Duration
	// CallTimeout bounds the wait for the answer to one declaration, subscription or the like, 10 s unless set.
	CallTimeout time.Duration
	// WriteTimeout is how long one write to the socket may be stuck, 5 s unless set.
	WriteTimeout time.Duration
	// TLS is used for amqps; nil means the system's roots and the host's name.
	TLS *tls.Config
	// Log takes what is handled here: exchanges that are used as they are.
	Log zerolog.Logger
}

func (c Config) withDefaults() Config {
	c.Heartbeat = cmp.Or(c.Heartbeat, 5*time.Second)
	c.DialTimeout = cmp.Or(c.DialTimeout, 3*time.Second)
	c.CallTimeout = cmp.Or(c.CallTimeout, 10*time.Second)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, 5*time.Second)
	return c
}

// silentClose is how long a broker may take from its first word until it closes the connection of a client with wrong credentials. RabbitMQ
// waits for three seconds; a busy machine may need as much again, and its refusal must not pass for a broker that does not answer.
const silentClose = 6 * time.Second

// answer returns how long the handshake may go on after the broker's first word.
func (c Config) answer() time.Duration { return max(c.DialTimeout, silentClose) }

// mechanism returns how to say who we are; nil leaves it to the address.
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

// Validate says which URL cannot be one of a broker, without repeating it: it may hold a password.
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

// String shows the addresses without their passwords.
func (c Config) String() string {
	shown := make([]string, len(c.URLs))
	for i, u := range c.URLs {
		shown[i] = redacted(u)
	}
	return "rabbit(" + strings.Join(shown, " ") + ")"
}

// Format has every verb show what String shows: %+v and %#v would print the passwords.
func (c Config) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, c.String()) }

// redacted returns an address without its password, and nothing at all of what cannot be read.
func redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Opaque != "" || u.Host == "" {
		return "(not a URL)"
	}
	u.RawQuery = "" // it may name files and keys
	return u.Redacted()
}
