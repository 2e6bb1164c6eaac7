package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"registrar/amqpbridge/client"
	"registrar/amqpbridge/wire"
)

// The phone of the walk.
const (
	walkRealm   = "acme.test"
	walkUser    = "1000"
	walkContact = `"Desk" <sip:1000@192.0.2.10:5060;transport=udp>`
)

// ask repeats a request every [retryAfter] until it is answered, for at most [stepTimeout].
func ask(ctx context.Context, request func(context.Context) (wire.Message, error)) (wire.Message, error) {
	for until := time.Now().Add(stepTimeout); ; {
		try, cancel := context.WithTimeout(ctx, retryAfter)
		m, err := request(try)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || !time.Now().Before(until) {
			return m, err
		}
	}
}

func (d *demo) askAuthn(ctx context.Context, user string) (wire.Message, error) {
	return ask(ctx, func(ctx context.Context) (wire.Message, error) { return d.client.Authn(ctx, walkRealm, user) })
}

func (d *demo) authn(ctx context.Context) error {
	began := time.Now()
	m, err := d.askAuthn(ctx, walkUser)
	r, ok := m.(*wire.AuthnResponse)
	if err != nil || !ok {
		return fmt.Errorf("authn of %s@%s: no authn_resp: %w", walkUser, walkRealm, err)
	}
	return d.printf("1. authn_req for %s@%s:\n   %s (Auth-Method %s) after %v\n", walkUser, walkRealm, r.Event, r.Method, since(began))
}

func (d *demo) register(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	began := time.Now()
	err := d.client.Report(ctx, client.Registration{Realm: walkRealm, User: walkUser, Contact: walkContact, Expires: time.Hour})
	if err != nil {
		return err
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		for _, c := range d.server.Counts() {
			if c.Component == "registrations" && c.Outcome == "registered" {
				return d.printf("2. reg_success for %s@%s:\n   on disk and acknowledged after %v\n", walkUser, walkRealm, since(began))
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the registration was not stored: %w", context.Cause(ctx))
		}
	}
}

func (d *demo) query(ctx context.Context) error {
	began := time.Now()
	m, err := ask(ctx, func(ctx context.Context) (wire.Message, error) {
		return d.client.Query(ctx, walkRealm, walkUser, "Contact")
	})
	r, ok := m.(*wire.RegQueryResponse)
	if err != nil || !ok || len(r.Fields) != 1 {
		return fmt.Errorf("query for %s@%s: no registration in the reply: %w", walkUser, walkRealm, err)
	}
	return d.printf("   reg_query: answered after %v with the Contact\n   %s\n", since(began), r.Fields[0]["Contact"])
}

func (d *demo) restart(ctx context.Context) error {
	if err := d.server.Stop(ctx); err != nil {
		return err
	}
	began := time.Now()
	if err := d.start(ctx); err != nil {
		return err
	}
	return d.printf("3. The registrar was stopped and started again: ready after %v\n", since(began))
}

func (d *demo) unknownUser(ctx context.Context) error {
	m, err := d.askAuthn(ctx, "nobody")
	r, ok := m.(*wire.AuthnError)
	if err != nil || !ok {
		return fmt.Errorf("authn of an unknown user: no authn_err: %w", err)
	}
	return d.printf("4. authn_req for an unknown user: %s\n\n", r.Event)
}

func since(t time.Time) time.Duration { return time.Since(t).Round(10 * time.Microsecond) }
