package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"registrar/supervisor/demo/fleet"
)

const (
	inFlight = 128
	// A user's actor is killed every killInterval, one of realmShare times a realm's instead, and a
	// process that others depend on every largeInterval: the supervisors tolerate this rate.
	killInterval, largeInterval, realmShare = 50 * time.Millisecond, 1100 * time.Millisecond, 15
)

// fleet runs the phones, with kills if configured, and then verifies every registration.
func (d *demo) fleet(ctx context.Context) error {
	f := fleet.New(fleet.Config{
		Switch: d.client, Realms: d.realms, Phones: d.Phones, Rate: d.Rate, InFlight: inFlight, Seed: d.Seed,
		Password: func(string, string) string { return password },
	})
	err := d.printf("5. %v, %.0f steps a second for %v:\n   register, refresh, move, query, unregister\n", f, d.Rate, d.Duration)
	if err != nil {
		return err
	}
	var kills atomic.Uint64
	busy, cancel := context.WithTimeout(ctx, d.Duration)
	defer cancel()
	var tasks sync.WaitGroup
	began := time.Now()
	tasks.Go(func() { f.Run(busy) })
	if d.Kill {
		tasks.Go(func() { d.kill(busy, &kills) })
	}
	err = NewProgress(d.Out, f, d.server.Restarts).Run(busy)
	tasks.Wait()
	took := time.Since(began)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("interrupted: %w", context.Cause(ctx))
	}
	return d.summary(ctx, f, took, kills.Load())
}

// summary prints the figures and verifies the registration of every phone.
func (d *demo) summary(ctx context.Context, f *fleet.Fleet, took time.Duration, kills uint64) error {
	if err := d.printf("\n"); err != nil {
		return err
	}
	figures := f.Total()
	if err := WriteFigures(d.Out, figures, took); err != nil {
		return err
	}
	if d.Kill {
		err := d.printf("killed processes: %d; restarts: %d; skipped steps: %d\n", kills, d.server.Restarts(), f.Late())
		if err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, fleet.SettledWithin)
	defer cancel()
	v := f.Verify(ctx)
	if err := d.printf("registrations: %d; lost: %d; wrong: %d\n\n", v.Checked, v.Lost, v.Wrong); err != nil {
		return err
	}
	for _, x := range figures {
		if x.Wrong > 0 {
			return fmt.Errorf("wrong replies to %s: %d; one of them: %s", x.Operation, x.Wrong, x.Example)
		}
		if x.Done == 0 {
			return fmt.Errorf("no reply to any %s", x.Operation)
		}
	}
	if v.Lost+v.Wrong > 0 {
		return fmt.Errorf("registrations are lost or wrong: %v", v.Examples)
	}
	return nil
}

// kill kills processes until ctx ends: actors of users and realms, and in turn every process that
// others depend on.
func (d *demo) kill(ctx context.Context, kills *atomic.Uint64) {
	r := rand.New(rand.NewPCG(d.Seed, 2)) //nolint:gosec // repeatable, not secret.
	small, large := time.NewTicker(killInterval), time.NewTicker(largeInterval)
	defer small.Stop()
	defer large.Stop()
	processes := []string{
		"bridge/authn", "registrations/writer", "bridge/queries", "users/17", "bridge/publisher", "credentials/reader/0", "bridge/registrations",
		"bridge/publishing", "realms", "bridge/consuming", "registrations/reader/1", "credentials/writer", "bridge/notifier",
	}
	for n := 0; ; {
		var name string
		select {
		case <-ctx.Done():
			return
		case <-small.C:
			i := r.IntN(d.Phones)
			name = fmt.Sprintf("user/%s@%s", fleet.UserOf(i/d.Realms), d.realms[i%d.Realms])
			if r.IntN(realmShare) == 0 {
				name = "realm/" + d.realms[r.IntN(len(d.realms))]
			}
		case <-large.C:
			name = processes[n%len(processes)]
			n++
		}
		if d.server.Kill(name) == nil { // a process that is not running is not counted
			kills.Add(1)
		}
	}
}
