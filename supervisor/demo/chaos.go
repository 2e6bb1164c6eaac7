package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"registrar/supervisor/demo/chaos"
)

// RunChaos breaks a registrar that runs as a child of this process and prints the result. A
// duration of zero means that every fault occurs twice.
func RunChaos(ctx context.Context, out io.Writer, seed uint64, duration time.Duration) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	o := chaos.Defaults()
	o.Program, o.Seed, o.Out = []string{self}, seed, out
	if duration > 0 {
		o.Rounds, o.Duration = 0, duration
	}
	err = printf(out, `A registrar behind a network of its own, on a private RabbitMQ node.
Phones: %d in %d realms, %.0f steps a second. Seed: %d.
Killed: %.0f actors of users and realms a second, a larger process every %v.

`, o.Phones, o.Realms, o.Rate, o.Seed, o.Kills, o.KillEvery)
	if err != nil {
		return err
	}
	report, err := chaos.Run(ctx, o)
	if err != nil {
		return err
	}
	if err := printf(out, "\n"); err != nil {
		return err
	}
	if err := report.Print(out); err != nil {
		return err
	}
	return report.Err()
}
