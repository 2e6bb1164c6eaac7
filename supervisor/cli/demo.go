package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/domain"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/loop"
	"registrar/amqpbridge/link/rabbit"
	"registrar/amqpbridge/link/rabbit/node"
	"registrar/amqpbridge/softswitch"
	"registrar/amqpbridge/wire"
	"registrar/supervisor"
)

// demoCmd is registrar demo.
type demoCmd struct{}

const (
	demoRealm   = "acme.test"
	demoUser    = "100"
	demoContact = `"Desk" <sip:100@192.0.2.10:5060;transport=udp>`
	demoStep    = 10 * time.Second
)

// broker is where the demo runs: real or in memory, and how to end it.
type broker struct {
	what string
	url  string
	link link.Dialer
	stop func() error
}

// Run shows one registration from end to end, and that a restart forgets nothing.
func (*demoCmd) Run(ctx context.Context, env Env) (err error) {
	dir, err := os.MkdirTemp("", "registrar-demo-")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b, err := findBroker(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.stop()) }()
	if err := printf(env.Stdout, "Broker: %s\n", b.what); err != nil {
		return err
	}
	d := &demo{env: env, broker: b, cfg: supervisor.Config{
		Data: dir + "/data", AMQP: []string{b.url}, Link: b.link, Log: zerolog.New(env.Stderr).Level(zerolog.WarnLevel), Version: Version(),
	}}
	return d.run(ctx)
}

// findBroker takes REGISTRAR_AMQP_URL, else starts a private RabbitMQ, else makes one in memory.
func findBroker(ctx context.Context, env Env) (*broker, error) {
	if url, ok := env.Lookup(envPrefix + "AMQP_URL"); ok && url != "" {
		return dialBroker("the one at REGISTRAR_AMQP_URL", url, func() error { return nil }), nil
	}
	n, err := node.Start(ctx, node.Options{Log: zerolog.Nop()})
	if errors.Is(err, node.ErrNotInstalled) {
		const why = "in memory, because no rabbitmq-server is installed and REGISTRAR_AMQP_URL is not set"
		return &broker{what: why, link: loop.New(), stop: func() error { return nil }}, nil
	}
	if err != nil {
		return nil, err //nolint:wrapcheck // it says all there is to say.
	}
	return dialBroker("a private RabbitMQ, gone when the demo ends", n.URL(), n.Stop), nil
}

func dialBroker(what, url string, stop func() error) *broker {
	return &broker{what: what, url: url, link: rabbit.New(rabbit.Config{URLs: []string{url}, Log: zerolog.Nop()}), stop: stop}
}

// demo is one run: a registrar that is started twice, and a switch.
type demo struct {
	env    Env
	broker *broker
	cfg    supervisor.Config
	server *supervisor.Server
	sw     *softswitch.Switch
}

func (d *demo) run(ctx context.Context) (err error) {
	if err := d.start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.server.Stop(context.WithoutCancel(ctx))) }()
	_, err = d.server.Import(ctx, []domain.Credential{{
		Key: domain.Key{Realm: demoRealm, User: demoUser}, Method: domain.Password, Secret: domain.NewSecret("demo"), AccountID: "acme",
	}})
	if err != nil {
		return err //nolint:wrapcheck // it says all there is to say.
	}
	if d.sw, err = softswitch.Connect(ctx, d.broker.link, fmt.Sprintf("demo-switch-%d", os.Getpid()), wire.Kazoo5); err != nil {
		return err //nolint:wrapcheck // as above.
	}
	defer func() { err = errors.Join(err, d.sw.Close(context.WithoutCancel(ctx))) }()
	for _, step := range []func(context.Context) error{d.authn, d.register, d.query, d.restart, d.query, d.stranger} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return printf(d.env.Stdout, "Done. Where to look next: README.md, \"How a registration walks\".\n")
}

func (d *demo) start(ctx context.Context) (err error) {
	if d.server, err = supervisor.Start(ctx, d.cfg); err != nil {
		return err //nolint:wrapcheck // it says all there is to say.
	}
	ctx, cancel := context.WithTimeout(ctx, demoStep)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, reasons := d.server.Ready()
		if ok {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the registrar did not get ready: %v", reasons)
		}
	}
}

func (d *demo) authn(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, demoStep)
	defer cancel()
	began := time.Now()
	m, err := d.sw.Authn(ctx, demoRealm, demoUser)
	r, ok := m.(*wire.AuthnResponse)
	if err != nil || !ok {
		return fmt.Errorf("authn: got %T: %w", m, err)
	}
	return printf(d.env.Stdout, "1. A switch asks for the credentials of %s@%s: authn_req, answered with %s (Auth-Method %s) in %v\n",
		demoUser, demoRealm, r.Event, r.Method, since(began))
}

func (d *demo) register(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, demoStep)
	defer cancel()
	began := time.Now()
	err := d.sw.Report(ctx, softswitch.Registration{Realm: demoRealm, User: demoUser, Contact: demoContact, Expires: time.Hour})
	if err != nil {
		return err //nolint:wrapcheck // it says all there is to say.
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
	ctx, cancel := context.WithTimeout(ctx, demoStep)
	defer cancel()
	began := time.Now()
	m, err := d.sw.Query(ctx, demoRealm, demoUser, "Contact")
	r, ok := m.(*wire.RegQueryResponse)
	if err != nil || !ok || len(r.Fields) != 1 {
		return fmt.Errorf("query: got %T: %w", m, err)
	}
	return printf(d.env.Stdout, "   A query for it: reg_query, answered in %v with Contact %s\n", since(began), r.Fields[0]["Contact"])
}

func (d *demo) restart(ctx context.Context) error {
	if err := d.server.Stop(ctx); err != nil {
		return err //nolint:wrapcheck // it says all there is to say.
	}
	began := time.Now()
	if err := d.start(ctx); err != nil {
		return err
	}
	return printf(d.env.Stdout, "3. The registrar was stopped and started again: primed and consuming after %v\n", since(began))
}

func (d *demo) stranger(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, demoStep)
	defer cancel()
	m, err := d.sw.Authn(ctx, demoRealm, "nobody")
	r, ok := m.(*wire.AuthnError)
	if err != nil || !ok {
		return fmt.Errorf("authn of a stranger: got %T: %w", m, err)
	}
	return printf(d.env.Stdout, "4. A stranger gets %s\n", r.Event)
}

func since(t time.Time) time.Duration { return time.Since(t).Round(10 * time.Microsecond) }
