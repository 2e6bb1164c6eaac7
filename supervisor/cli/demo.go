package cli

import (
	"cmp"
	"context"
	"errors"
	"time"

	"registrar/amqpbridge/link/rabbit"
	"registrar/supervisor/demo"
)

// demoCmd is registrar demo.
type demoCmd struct {
	AMQP     []string      `name:"amqp" help:"Broker to use; by default a private RabbitMQ node, or a broker in memory." placeholder:"URL"`
	Phones   int           `help:"Number of simulated phones." default:"300"`
	Realms   int           `help:"Number of their realms." default:"3"`
	Rate     float64       `help:"Steps of phones a second: registration, refresh, move, query, unregistration." default:"400"`
	Duration time.Duration `help:"How long the phones are busy; by default 5s, and with --chaos until every fault has occurred twice."`
	Kill     bool          `help:"Kill actors meanwhile, and show that nothing is lost." xor:"break"`
	Chaos    bool          `help:"Break everything instead: actors, network, broker, the whole process. Shows that nothing is lost, that no reply is wrong and how long each repair takes. Takes only --duration and --seed." xor:"break"`
	Seed     uint64        `help:"Seed of all random choices." default:"1"`
}

// demoDuration is the default of --duration without --chaos.
const demoDuration = 5 * time.Second

// Validate rejects numbers that are out of range.
func (c *demoCmd) Validate() error {
	if c.Phones < 1 || c.Realms < 1 || c.Realms > c.Phones || c.Rate <= 0 || c.Duration < 0 {
		return errors.New("phones, realms, rate and duration have to be positive, and each realm needs a phone")
	}
	return nil
}

// Run runs the demo.
func (c *demoCmd) Run(ctx context.Context, env Env) error {
	if c.Chaos {
		return demo.RunChaos(ctx, env.Stdout, c.Seed, c.Duration)
	}
	if len(c.AMQP) > 0 {
		if err := (rabbit.Config{URLs: c.AMQP}).Validate(); err != nil {
			return usage{err}
		}
	}
	return demo.Run(ctx, demo.Options{
		URLs: c.AMQP, Phones: c.Phones, Realms: c.Realms, Rate: c.Rate, Duration: cmp.Or(c.Duration, demoDuration), Kill: c.Kill, Seed: c.Seed,
		Version: Version(), Out: env.Stdout, Log: env.Stderr,
	})
}
