package cli

import (
	"context"
	"fmt"
	"os"

	"registrar/supervisor/demo/chaos"
)

// chaos breaks a registrar that runs as a child of the demo's, and shows what became of it.
func (c *demoCmd) chaos(ctx context.Context, env Env) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	o := chaos.Defaults()
	o.Program, o.Seed, o.Out = []string{self}, c.Seed, env.Stdout
	if c.Duration > 0 {
		o.Rounds, o.For = 0, c.Duration
	}
	err = printf(env.Stdout, "A registrar of its own, behind a network of its own, on a private RabbitMQ: %d phones in %d realms, %.0f steps a second.\n"+
		"%.0f users' and realms' actors are killed a second, something larger every %v; seed %d.\n\n", o.Phones, o.Realms, o.Rate, o.Kills, o.Often, o.Seed)
	if err != nil {
		return err
	}
	report, err := chaos.Run(ctx, o)
	if err != nil {
		return err
	}
	if err := printf(env.Stdout, "\n"); err != nil {
		return err
	}
	if err := report.Print(env.Stdout); err != nil {
		return err
	}
	return report.Err()
}
