package cli

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
	demoInFlight = 128
	// KillEvery and shakeEvery are how often a user's actor dies, and something that many stand on: what the tree bears. One of
	// realmShare of the first is a realm's instead.
	killEvery, shakeEvery, realmShare = 50 * time.Millisecond, 1100 * time.Millisecond, 15
)

// fleet has the phones be busy, kills actors meanwhile if that is asked for, and then looks whether everything is there.
func (d *demo) fleet(ctx context.Context) error {
	f := fleet.NewFleet(fleet.FleetConfig{
		Switch: d.sw, Realms: d.realms, Phones: d.cmd.Phones, Rate: d.cmd.Rate, InFlight: demoInFlight, Seed: d.cmd.Seed,
		Password: func(string, string) string { return demoPassword },
	})
	if err := printf(d.env.Stdout, "5. %v, %.0f steps a second for %v: register, refresh, move, query, unregister\n", f, d.cmd.Rate, d.cmd.Duration); err != nil {
		return err
	}
	var kills atomic.Uint64
	busy, cancel := context.WithTimeout(ctx, d.cmd.Duration)
	defer cancel()
	var tasks sync.WaitGroup
	began := time.Now()
	tasks.Go(func() { f.Run(busy) })
	if d.cmd.Kill {
		tasks.Go(func() { d.killers(busy, &kills) })
	}
	err := newLive(d.env.Stdout, f, d.server.Restarts).run(busy)
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

// summary shows the figures and looks for every phone's registration.
func (d *demo) summary(ctx context.Context, f *fleet.Fleet, took time.Duration, kills uint64) error {
	if err := printf(d.env.Stdout, "\n"); err != nil {
		return err
	}
	figures := f.Total()
	if err := table(d.env.Stdout, figures, took); err != nil {
		return err
	}
	if d.cmd.Kill {
		err := printf(d.env.Stdout, "killed: %d processes; restarts: %d; steps left out because phones were waiting: %d\n", kills, d.server.Restarts(), f.Late())
		if err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, fleet.SettledWithin)
	defer cancel()
	v := f.Verify(ctx)
	if err := printf(d.env.Stdout, "%d of %d registrations lost, %d wrong\n\n", v.Lost, v.Checked, v.Wrong); err != nil {
		return err
	}
	for _, x := range figures {
		if x.Wrong > 0 {
			return fmt.Errorf("%d wrong answers to %s; one of them: %s", x.Wrong, x.Operation, x.Example)
		}
		if x.Done == 0 {
			return fmt.Errorf("no %s was ever answered", x.Operation)
		}
	}
	if v.Lost+v.Wrong > 0 {
		return fmt.Errorf("not all is there: %v", v.Examples)
	}
	return nil
}

// killers kill actors until ctx ends: those of users and realms all the time, what many stand on now and then.
func (d *demo) killers(ctx context.Context, kills *atomic.Uint64) {
	r := rand.New(rand.NewPCG(d.cmd.Seed, 2)) //nolint:gosec // it has to be repeatable, not secret.
	small, large := time.NewTicker(killEvery), time.NewTicker(shakeEvery)
	defer small.Stop()
	defer large.Stop()
	rare := []string{
		"bridge/authn", "registrations/writer", "bridge/queries", "users/17", "bridge/publisher", "credentials/reader/0", "bridge/registrations",
		"bridge/publishing", "realms", "bridge/consuming", "registrations/reader/1", "credentials/writer", "bridge/notifier",
	}
	for n := 0; ; {
		var name string
		select {
		case <-ctx.Done():
			return
		case <-small.C:
			i := r.IntN(d.cmd.Phones)
			name = fmt.Sprintf("user/%s@%s", fleet.UserOf(i/d.cmd.Realms), d.realms[i%d.cmd.Realms])
			if r.IntN(realmShare) == 0 {
				name = "realm/" + d.realms[r.IntN(len(d.realms))]
			}
		case <-large.C:
			name = rare[n%len(rare)]
			n++
		}
		if d.server.Kill(name) == nil { // one that is not there just now is spared
			kills.Add(1)
		}
	}
}
