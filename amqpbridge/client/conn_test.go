package client_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"registrar/actors/domain"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/wire"
)

// A request that no queue takes fails at once, in every generation.
func TestUnroutableRequestsFail(t *testing.T) {
	for _, g := range generations() {
		c := connect(t, newBroker(), client.Config{Name: "client", Generation: g})
		_, err := c.Authn(t.Context(), "acme.test", "100")
		const text = "no queue on this broker takes authn requests; is a registrar running?"
		if !errors.Is(err, client.ErrUnroutable) || err.Error() != text {
			t.Errorf("authn: %v", err)
		}
		if _, err := c.Query(t.Context(), "acme.test", ""); !errors.Is(err, client.ErrUnroutable) {
			t.Errorf("query: %v", err)
		}
	}
}

// Each reply ends the request with its Msg-ID, in every generation.
func TestRepliesAreMatchedByMsgID(t *testing.T) {
	sender := wire.Sender{App: "registrar"}
	for _, g := range generations() {
		broker := newBroker()
		newRegistrar(t, broker, func(m wire.Message) []byte {
			switch m := m.(type) {
			case *wire.AuthnRequest:
				return sender.AuthnResponse(&wire.AuthnResponse{
					Envelope: wire.Envelope{MsgID: m.MsgID}, Method: "password", Password: domain.NewSecret(m.AuthUser),
				})
			case *wire.RegQuery:
				return sender.RegQueryError(&wire.RegQueryError{Envelope: wire.Envelope{MsgID: m.MsgID}, Hint: m.Realm})
			}
			return nil
		})
		c := connect(t, broker, client.Config{Name: "client", Generation: g})
		for _, user := range []string{"100", "200"} {
			m, err := c.Authn(t.Context(), "acme.test", user)
			r, ok := m.(*wire.AuthnResponse)
			if err != nil || !ok || r.Password.Reveal() != user {
				t.Errorf("authn: %T, %v", m, err)
			}
		}
		m, err := c.Query(t.Context(), "acme.test", "100", "Contact")
		if e, ok := m.(*wire.RegQueryError); err != nil || !ok || e.Hint != "acme.test" {
			t.Errorf("query: %T, %v", m, err)
		}
	}
}

// Messages carry the configured App-Name and App-Version; Node and Server-ID are the client's
// name.
func TestConfigIdentifiesTheSender(t *testing.T) {
	broker := newBroker()
	r := newRegistrar(t, broker, silent)
	c := connect(t, broker, client.Config{Name: "client", App: "registrar", Version: "1.2", Generation: wire.Kazoo5})
	err := c.Report(t.Context(), client.Registration{Realm: "acme.test", User: "100", Contact: "sip:100@192.0.2.1", Expires: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	contains(t, <-r.bodies, `"App-Name":"registrar"`, `"App-Version":"1.2"`, `"Node":"client"`, `"Server-ID":"client"`,
		`"Status":"Registered"`, `"Expires":3600`)
	if err := c.Report(t.Context(), client.Registration{Realm: "acme.test", User: "100", Contact: "sip:100@192.0.2.1"}); err != nil {
		t.Fatal(err)
	}
	contains(t, <-r.bodies, `"Status":"Unregistered"`, `"Expires":0`)
	if err := c.Publish(t.Context(), "callmgr", "authn.req", []byte("not JSON")); err != nil {
		t.Fatal(err)
	}
	contains(t, <-r.bodies, "not JSON")
}

// A request ends with its context or with the session.
func TestRequestsEndWithContextAndSession(t *testing.T) {
	broker := newBroker()
	r := newRegistrar(t, broker, silent)
	c := connect(t, broker, client.Config{Name: "client", Generation: wire.Kazoo5})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := c.Query(ctx, "acme.test", "100")
		ended <- err
	}()
	<-r.bodies
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	go func() {
		_, err := c.Query(t.Context(), "acme.test", "100")
		ended <- err
	}()
	<-r.bodies
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, client.ErrDisconnected) {
		t.Errorf("closed: %v", err)
	}
}
