package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"registrar/amqpbridge/client"
	"registrar/amqpbridge/wire"
)

// The phone that is followed from end to end; the others come later.
const (
	walkRealm   = "acme.test"
	walkUser    = "1000"
	walkContact = `"Desk" <sip:1000@192.0.2.10:5060;transport=udp>`
)

// ask asks until there is an answer, as a proxy does, for which the phone tries again.
func ask(ctx context.Context, question func(context.Context) (wire.Message, error)) (wire.Message, error) {
	for until := time.Now().Add(demoStep); ; {
		try, over := context.WithTimeout(ctx, demoPatience)
		m, err := question(try)
		over()
		if !errors.Is(err, context.DeadlineExceeded) || !time.Now().Before(until) {
			return m, err
		}
	}
}

func (d *demo) askAuthn(ctx context.Context, user string) (wire.Message, error) {
	return ask(ctx, func(ctx context.Context) (wire.Message, error) { return d.sw.Authn(ctx, walkRealm, user) })
}

func (d *demo) authn(ctx context.Context) error {
	began := time.Now()
	m, err := d.askAuthn(ctx, walkUser)
	r, ok := m.(*wire.AuthnResponse)
	if err != nil || !ok {
		return fmt.Errorf("authn: got %T: %w", m, err)
	}
	return printf(d.env.Stdout, "1. A switch asks for the credentials of %s@%s: authn_req, answered with %s (Auth-Method %s) in %v\n",
		walkUser, walkRealm, r.Event, r.Method, since(began))
}

func (d *demo) register(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, demoStep)
	defer cancel()
	began := time.Now()
	err := d.sw.Report(ctx, client.Registration{Realm: walkRealm, User: walkUser, Contact: walkContact, Expires: time.Hour})
	if err != nil {
		return err
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		for _, c := range d.server.Counts() {
			if c.Flow == "registrations" && c.Outcome == "registered" {
				return printf(d.env.Stdout, "2. The phone has registered: reg_success, on disk and acknowledged to the broker in %v\n", since(began))
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
		return d.sw.Query(ctx, walkRealm, walkUser, "Contact")
	})
	r, ok := m.(*wire.RegQueryResponse)
	if err != nil || !ok || len(r.Fields) != 1 {
		return fmt.Errorf("query: got %T: %w", m, err)
	}
	return printf(d.env.Stdout, "   A query for it: reg_query, answered in %v with Contact %s\n", since(began), r.Fields[0]["Contact"])
}

func (d *demo) restart(ctx context.Context) error {
	if err := d.server.Stop(ctx); err != nil {
		return err
	}
	began := time.Now()
	if err := d.start(ctx); err != nil {
		return err
	}
	return printf(d.env.Stdout, "3. The registrar was stopped and started again: primed and consuming after %v\n", since(began))
}

func (d *demo) stranger(ctx context.Context) error {
	m, err := d.askAuthn(ctx, "nobody")
	r, ok := m.(*wire.AuthnError)
	if err != nil || !ok {
		return fmt.Errorf("authn of a stranger: got %T: %w", m, err)
	}
	return printf(d.env.Stdout, "4. A stranger gets %s\n\n", r.Event)
}

func since(t time.Time) time.Duration { return time.Since(t).Round(10 * time.Microsecond) }
