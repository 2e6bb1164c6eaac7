package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/domain"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/wire"
	"registrar/supervisor"
	"registrar/supervisor/demo/fleet"
)

// Options configures a demo.
type Options struct {
	// URLs are those of a broker; without any, [Run] starts one.
	URLs []string
	// Phones in Realms take Rate steps a second for Duration.
	Phones, Realms int
	Rate           float64
	Duration       time.Duration
	// Kill kills actors while the phones are busy.
	Kill bool
	// Seed determines every random choice.
	Seed    uint64
	Version string
	// Out receives the text of the demo, Log the log of the registrar.
	Out, Log io.Writer
}

const (
	// stepTimeout bounds one step of the walk. The broker may have just started on a busy machine.
	stepTimeout = 30 * time.Second
	// retryAfter is the time after which an unanswered request is sent again, as a proxy does.
	retryAfter = 2500 * time.Millisecond
	password   = "demo"
)

// demo is one run: a registrar that is started twice, and a switch.
type demo struct {
	Options
	broker *broker
	cfg    supervisor.Config
	server *supervisor.Server
	client *client.Conn
	realms []string
}

// Run shows one registration from end to end, that a restart loses nothing, and a busy registrar.
// It fails when a registration is lost or a reply is wrong.
func Run(ctx context.Context, o Options) (err error) {
	b, err := findBroker(ctx, o.URLs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.stop()) }()
	dir, err := os.MkdirTemp(b.dir, "registrar-demo-")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	d := &demo{Options: o, broker: b, cfg: supervisor.DefaultConfig()}
	if err := d.printf("Broker: %s\n", b.description); err != nil {
		return err
	}
	level := zerolog.ErrorLevel
	if o.Kill {
		level = zerolog.FatalLevel // crashes are intended
	}
	d.cfg.Data, d.cfg.Link, d.cfg.Admin, d.cfg.Version = dir+"/data", b.link, "", o.Version
	d.cfg.Log = zerolog.New(o.Log).Level(level)
	return d.run(ctx)
}

func (d *demo) run(ctx context.Context) (err error) {
	if err := d.start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.server.Stop(context.WithoutCancel(ctx))) }()
	if err := d.provision(ctx); err != nil {
		return err
	}
	d.client, err = client.Connect(ctx, d.broker.link, client.Config{
		Name: fmt.Sprintf("demo-switch-%d", os.Getpid()), App: "registrar", Version: d.Version, Generation: wire.Kazoo5,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.client.Close(context.WithoutCancel(ctx))) }()
	for _, step := range []func(context.Context) error{d.authn, d.register, d.query, d.restart, d.query, d.unknownUser, d.fleet} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return d.printf(`Next:
  registrar demo --kill      the same, while its actors are killed
  registrar demo --chaos     two minutes in which everything is broken
  registrar serve --help     run it on your own broker
`)
}

// provision imports a credential for every phone.
func (d *demo) provision(ctx context.Context) error {
	for i := range d.Realms {
		d.realms = append(d.realms, realmName(i))
	}
	var creds []domain.Credential
	for i := range d.Phones {
		realm := d.realms[i%d.Realms]
		creds = append(creds, domain.Credential{
			Key:    domain.Key{Realm: domain.Realm(realm), User: domain.User(fleet.UserOf(i / d.Realms))},
			Method: domain.Password, Secret: domain.NewSecret(password), AccountID: "account-" + realm,
		})
	}
	if _, err := d.server.Import(ctx, creds); err != nil {
		return err
	}
	return d.printf("Provisioned: users: %d, realms: %d (%s, …)\n\n", len(creds), len(d.realms), d.realms[0])
}

func realmName(i int) string {
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
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
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
			return fmt.Errorf("the registrar is not ready: %v", reasons)
		}
	}
}

func (d *demo) printf(format string, args ...any) error { return printf(d.Out, format, args...) }

func printf(w io.Writer, format string, args ...any) error {
	if _, err := fmt.Fprintf(w, format, args...); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}
