package client

import (
	"context"
	"errors"
	"time"

	"registrar/amqpbridge/wire"
)

// ErrDisconnected means that the client has no broker connection, or lost it during the call.
var ErrDisconnected = errors.New("not connected to the broker")

// ErrUnroutable means that the broker has no queue for a request: no registrar has bound its
// keys.
var ErrUnroutable = errors.New("no queue on this broker takes the request; is a registrar running?")

// unroutableError is an [ErrUnroutable] that names the requests.
type unroutableError struct{ requests string }

func (e unroutableError) Error() string {
	return "no queue on this broker takes " + e.requests + "; is a registrar running?"
}

func (unroutableError) Is(target error) bool { return target == ErrUnroutable }

// Client is a client of a registrar: a [Conn] or a [ReconnectingClient].
type Client interface {
	// Authn asks for a user's credentials. The reply is a [*wire.AuthnResponse] or a
	// [*wire.AuthnError].
	Authn(ctx context.Context, realm, user string) (wire.Message, error)
	// Report publishes a registration. It returns when the broker has confirmed it.
	Report(ctx context.Context, r Registration) error
	// Query asks for a user's registrations. The reply is a [*wire.RegQueryResponse] or a
	// [*wire.RegQueryError].
	Query(ctx context.Context, realm, user string, fields ...string) (wire.Message, error)
}

// Config identifies a client to the broker and to registrars.
type Config struct {
	// Name is the name of the connection and the Server-ID. It must be unique on the broker.
	Name string
	// App and Version are the App-Name and App-Version of messages.
	App, Version string
	// Generation selects exchanges and routing keys.
	Generation wire.Generation
}

func (c Config) sender() wire.Sender {
	return wire.Sender{App: c.App, Version: c.Version, Node: c.Name}
}

// Registration is a report about a phone.
type Registration struct {
	Realm, User, Contact string
	CallID               string
	// Expires is the granted lifetime; zero unregisters the contact.
	Expires time.Duration
	// At is the time of the event by the client's clock; zero means now.
	At time.Time
	// ID is the Msg-ID; empty means a new one. A report that is published again with the same ID
	// and At is the same message to the registrar.
	ID string
}
