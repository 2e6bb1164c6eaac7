package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/domain"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/memory"
	"registrar/amqpbridge/link/rabbit"
	"registrar/amqpbridge/link/rabbit/node"
	"registrar/amqpbridge/wire"
	"registrar/supervisor"
	"registrar/supervisor/demo/fleet"
)

// demoCmd is registrar demo.
type demoCmd struct {
	Phones   int           `help:"Simulated phones." default:"300"`
	Realms   int           `help:"Realms that they are in." default:"3"`
	Rate     float64       `help:"Steps of phones a second: registrations, refreshes, moves, queries, unregistrations." default:"400"`
	Duration time.Duration `help:"How long the phones are busy; 5s if it is not set, and with --chaos until everything was broken twice."`
	Kill     bool          `help:"Kill actors while it runs, and show that nothing is lost." xor:"harm"`
	Chaos    bool          `help:"Break everything instead: actors, network, broker, the whole process; show that nothing is lost, no answer is wrong and how long each takes to heal. Only --duration and --seed count then." xor:"harm"`
	Seed     uint64        `help:"Decides the order of everything that is random." default:"1"`
}

// A step of the walk may take demoStep: the broker may just have started, on a machine that is busy. A question that goes without an answer for
// demoPatience is asked again.
const (
	demoStep     = 30 * time.Second
	demoPatience = 2500 * time.Millisecond
	demoPassword = "demo"
	demoDuration = 5 * time.Second
)

// broker is where the demo runs: real or in memory, and how to end it.
type broker struct {
	what string
	url  string
	dir  string // for what has to go with the broker; empty for the usual place
	link link.Dialer
	stop func() error
}

// Validate refuses what makes no sense.
func (c *demoCmd) Validate() error {
	if c.Phones < 1 || c.Realms < 1 || c.Realms > c.Phones || c.Rate <= 0 || c.Duration < 0 {
		return errors.New("phones, realms, rate and duration have to be positive, and each realm needs a phone")
	}
	return nil
}

// Run shows one registration from end to end, that a restart forgets nothing, and then a busy registrar.
func (c *demoCmd) Run(ctx context.Context, env Env) (err error) {
	if c.Chaos {
		return c.chaos(ctx, env)
	}
	c.Duration = cmp.Or(c.Duration, demoDuration)
	b, err := findBroker(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.stop()) }()
	dir, err := os.MkdirTemp(b.dir, "registrar-demo-")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := printf(env.Stdout, "Broker: %s\n", b.what); err != nil {
		return err
	}
	level := zerolog.WarnLevel
	if c.Kill {
		level = zerolog.FatalLevel // crashes are what is asked for
	}
	cfg := supervisor.DefaultConfig()
	cfg.Data, cfg.Link, cfg.Log, cfg.Version, cfg.Admin = dir+"/data", b.link, zerolog.New(env.Stderr).Level(level), Version(), ""
	d := &demo{cmd: c, env: env, broker: b, cfg: cfg}
	return d.run(ctx)
}

// findBroker takes REGISTRAR_AMQP_URL, else starts a private RabbitMQ, else makes one in memory.
func findBroker(ctx context.Context, env Env) (*broker, error) {
	if url, ok := env.Lookup(envPrefix + "AMQP_URL"); ok && url != "" {
		if err := (rabbit.Config{URLs: []string{url}}).Validate(); err != nil {
			return nil, usage{err}
		}
		return dialBroker("the one at REGISTRAR_AMQP_URL", url, func() error { return nil }), nil
	}
	n, err := node.Start(ctx, node.Options{Log: zerolog.Nop()})
	if errors.Is(err, node.ErrNotInstalled) {
		const why = "in memory, because no rabbitmq-server is installed and REGISTRAR_AMQP_URL is not set"
		return &broker{what: why, link: memory.New(), stop: func() error { return nil }}, nil
	}
	if err != nil {
		return nil, err
	}
	b := dialBroker("a private RabbitMQ, gone when the demo ends", n.URL(), n.Stop)
	b.dir = n.Dir()
	return b, nil
}

func dialBroker(what, url string, stop func() error) *broker {
	return &broker{what: what, url: url, link: rabbit.New(rabbit.Config{URLs: []string{url}, Log: zerolog.Nop()}), stop: stop}
}

// demo is one run: a registrar that is started twice, and a switch.
type demo struct {
	cmd    *demoCmd
	env    Env
	broker *broker
	cfg    supervisor.Config
	server *supervisor.Server
	sw     *client.Conn
	realms []string
}

func (d *demo) run(ctx context.Context) (err error) {
	if err := d.start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.server.Stop(context.WithoutCancel(ctx))) }()
	if err := d.provision(ctx); err != nil {
		return err
	}
	if d.sw, err = client.Connect(ctx, d.broker.link, client.Config{Name: fmt.Sprintf("demo-switch-%d", os.Getpid()), App: "softswitch", Version: Version(), Generation: wire.Kazoo5}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.sw.Close(context.WithoutCancel(ctx))) }()
	for _, step := range []func(context.Context) error{d.authn, d.register, d.query, d.restart, d.query, d.stranger, d.fleet} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return printf(d.env.Stdout, `Where to look next:
  registrar demo --kill                      the same, while its actors are killed
  registrar demo --chaos                     two minutes in which everything is broken
  README.md, "How a registration walks"      what happened to each of them
  registrar serve --help                     run it on your own broker
`)
}

// provision imports a credential for every phone.
func (d *demo) provision(ctx context.Context) error {
	for i := range d.cmd.Realms {
		d.realms = append(d.realms, demoRealm(i))
	}
	var creds []domain.Credential
	for i := range d.cmd.Phones {
		key := domain.Key{Realm: domain.Realm(d.realms[i%d.cmd.Realms]), User: domain.User(fleet.UserOf(i / d.cmd.Realms))}
		creds = append(creds, domain.Credential{
			Key: key, Method: domain.Password, Secret: domain.NewSecret(demoPassword), AccountID: "account-" + d.realms[i%d.cmd.Realms],
		})
	}
	if _, err := d.server.Import(ctx, creds); err != nil {
		return err
	}
	return printf(d.env.Stdout, "Provisioned: %d users in %d realms (%s, …)\n\n", len(creds), len(d.realms), d.realms[0])
}

func demoRealm(i int) string {
	names := []string{"acme.test", "globex.test", "initech.test"}
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("realm-%d.test", i)
}

// start starts the registrar and waits until it is ready.
func (d *demo) start(ctx context.Context) (err error) {
	if d.server, err = supervisor.Start(ctx, d.cfg); err != nil {
		return err
	}
	return d.ready(ctx)
}

func (d *demo) ready(ctx context.Context) error {
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
