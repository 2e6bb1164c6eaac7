package client

import (
	"context"
	"fmt"
	"time"

	"registrar/amqpbridge/link"
	"registrar/amqpbridge/wire"
)

// Authn asks for a user's credentials. The reply is a [*wire.AuthnResponse] or a
// [*wire.AuthnError].
func (c *Conn) Authn(ctx context.Context, realm, user string) (wire.Message, error) {
	aor := "sip:" + user + "@" + realm
	r := &wire.AuthnRequest{
		Envelope: c.envelope(), To: aor, From: aor, AuthUser: user, AuthRealm: realm, Method: "REGISTER",
	}
	return c.request(ctx, r.MsgID, c.publishing(wire.KindAuthn, realm, user, c.config.sender().AuthnRequest(r)))
}

// Query asks for a user's registrations, or those of a realm when user is empty. The reply is a
// [*wire.RegQueryResponse] or a [*wire.RegQueryError].
func (c *Conn) Query(ctx context.Context, realm, user string, fields ...string) (wire.Message, error) {
	return c.Ask(ctx, &wire.RegQuery{Realm: realm, Username: user, Fields: fields})
}

// Ask sends a query with an envelope of its own.
func (c *Conn) Ask(ctx context.Context, q *wire.RegQuery) (wire.Message, error) {
	q.Envelope = c.envelope()
	return c.request(ctx, q.MsgID, c.publishing(wire.KindQuery, q.Realm, q.Username, c.config.sender().RegQuery(q)))
}

// Report publishes a reg_success. It returns when the broker has confirmed it.
func (c *Conn) Report(ctx context.Context, r Registration) error {
	m := &wire.RegSuccess{
		Envelope: c.envelope(), Realm: r.Realm, Username: r.User, Contact: r.Contact, CallID: r.CallID,
		Expires: int64(r.Expires / time.Second), EventTimestamp: r.At, Status: "Registered",
	}
	if r.ID != "" {
		m.MsgID = r.ID
	}
	if r.At.IsZero() {
		m.EventTimestamp = time.Now()
	}
	if r.Expires == 0 {
		m.Status = "Unregistered"
	}
	p := c.publishing(wire.KindSuccess, r.Realm, r.User, c.config.sender().RegSuccess(m))
	p.Persistent = true
	return c.confirmed(ctx, p)
}

// Publish publishes a body unchanged, for tests of invalid messages. It returns when the broker
// has confirmed it.
func (c *Conn) Publish(ctx context.Context, exchange, key string, body []byte) error {
	return c.confirmed(ctx, link.Publishing{
		Exchange: exchange, Key: key, ContentType: "application/json", Mandatory: true, Body: body,
	})
}

func (c *Conn) envelope() wire.Envelope {
	return wire.Envelope{MsgID: c.newID(), ServerID: c.config.Name}
}

func (c *Conn) publishing(kind wire.Kind, realm, user string, body []byte) link.Publishing {
	exchange, key := wire.Route{Kind: kind, Generation: c.config.Generation}.Address(realm, user)
	return link.Publishing{
		Exchange: exchange, Key: key, ContentType: "application/json", Mandatory: true, Body: body,
	}
}

// request publishes a request and waits for its reply.
func (c *Conn) request(ctx context.Context, id string, p link.Publishing) (wire.Message, error) {
	replied := make(chan reply, 1)
	c.mu.Lock()
	c.pending[id] = replied
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.pending, id)
		c.mu.Unlock()
	}()
	if err := c.publisher.Publish(ctx, p); err != nil {
		return nil, err
	}
	select {
	case r := <-replied:
		return r.message, r.err
	case <-ctx.Done():
		return nil, fmt.Errorf("no answer: %w", context.Cause(ctx))
	case <-c.session.Done():
		return nil, ErrDisconnected
	}
}

// confirmed publishes a message and waits for the broker's confirm.
func (c *Conn) confirmed(ctx context.Context, p link.Publishing) error {
	done := make(chan error, 1)
	c.publisher.PublishConfirmed(ctx, p, func(err error) { done <- err })
	return <-done
}
