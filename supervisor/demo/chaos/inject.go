package chaos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"registrar/supervisor/demo/fleet"
)

// passwordEvery is the interval between two password changes.
const passwordEvery = 100 * time.Millisecond

// inject injects all faults while the phones are busy. It returns when the last reports of the
// phones are confirmed.
func (r *run) inject(ctx context.Context) error {
	fleet := fleet.New(fleet.Config{
		Switch: r.client, Realms: r.realms, Phones: r.opts.Phones, Rate: r.opts.Rate, InFlight: 256, Seed: r.opts.Seed, Timeout: replyTimeout,
	})
	busy, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var tasks sync.WaitGroup
	tasks.Go(func() { fleet.Run(busy) })
	tasks.Go(func() { r.operate(busy) })
	if r.opts.Kills > 0 {
		tasks.Go(func() { r.killActors(busy) })
	}
	if r.opts.KillEvery > 0 {
		tasks.Go(func() {
			if err := r.killShared(ctx, busy); err != nil {
				stop(err)
			}
		})
	}
	stop(cmp.Or(r.rounds(ctx, busy), errDone))
	tasks.Wait()
	r.tasks.Wait()
	if cause := context.Cause(busy); !errors.Is(cause, errDone) {
		return fmt.Errorf("chaos ended early: %w", cause)
	}
	return nil
}

// errDone means that every fault has happened as often as required.
var errDone = errors.New("every fault has happened")

// operate changes passwords until ctx ends.
func (r *run) operate(ctx context.Context) {
	rng := rand.New(rand.NewPCG(r.opts.Seed, 2)) //nolint:gosec // it must be repeatable, not secret
	for n := 0; ctx.Err() == nil; n++ {
		if err := r.setPassword(ctx, r.key(rng.IntN(r.opts.Phones)), fmt.Sprint("changed-", n)); err != nil {
			r.say("   password not set: %v", err)
		}
		pause(ctx, passwordEvery)
	}
}

// killShared kills shared processes until busy ends: every other one during any fault, the rest
// while there is no global fault. An absent process is tried again.
func (r *run) killShared(ctx, busy context.Context) error {
	all := r.targets()
	tick := time.NewTicker(r.opts.KillEvery)
	defer tick.Stop()
	for n := 0; ; {
		select {
		case <-tick.C:
		case <-busy.Done():
			return nil
		}
		for n%2 == 0 && r.heals.globalFault() && busy.Err() == nil {
			pause(busy, retryDelay)
		}
		done, err := r.do(ctx, r.kill(all[n%len(all)], n+n/len(all)), false)
		if err != nil {
			return err
		}
		if done {
			n++
		}
	}
}

// rounds injects every global fault in each round, in a random order.
func (r *run) rounds(ctx, busy context.Context) error {
	rng := rand.New(rand.NewPCG(r.opts.Seed, 3)) //nolint:gosec // it must be repeatable, not secret
	began := time.Now()
	pause(busy, r.opts.Pause)
	for round := 0; r.opts.Rounds == 0 || round < r.opts.Rounds; round++ {
		if len(r.opts.Global) == 0 {
			pause(busy, cmp.Or(r.opts.Duration, time.Hour))
			return nil
		}
		for _, i := range rng.Perm(len(r.opts.Global)) {
			if busy.Err() != nil || r.opts.Duration > 0 && time.Since(began) > r.opts.Duration {
				return nil //nolint:nilerr // it is done
			}
			if _, err := r.do(ctx, r.global(r.opts.Global[i], rng), true); err != nil {
				return err
			}
			pause(busy, r.opts.Pause)
		}
	}
	return nil
}

// do injects one fault and waits for the recovery. It reports false when the process to kill is
// absent.
func (r *run) do(ctx context.Context, h *injection, global bool) (done bool, err error) {
	failed := func(err error) (bool, error) { return false, fmt.Errorf("%s (%s): %w", h.fault, h.target, err) }
	overlapped, end := r.heals.begin(global)
	defer end()
	if h.prepare != nil {
		if err := h.prepare(ctx); err != nil {
			return failed(err)
		}
	}
	from := time.Now()
	switch err := h.inject(ctx); {
	case err != nil && global:
		return failed(err)
	case err != nil:
		r.say("%s: %s: skipped, it is not running", h.fault, h.target)
		return false, nil
	}
	r.heals.happened(h.fault)
	var was recovery
	failures := make(chan error)
	for _, p := range h.probes {
		go func() {
			at, err := r.heal(ctx, p.try)
			was.took[p.service] = at.Sub(from)
			failures <- err
		}()
	}
	if h.end != nil {
		err, was.lasted = h.end(ctx), time.Since(from)
	}
	for range h.probes {
		err = errors.Join(err, <-failures)
	}
	if err != nil {
		return failed(err)
	}
	fault := h.fault
	if overlapped {
		fault = Overlapped
		r.heals.happened(fault)
	}
	r.heals.healed(fault, was)
	r.say("%s: %s: lasted %s; authn recovered after %s, registrations after %s", h.fault, h.target, brief(was.lasted), brief(was.took[authns]), brief(was.took[registrations]))
	return true, nil
}
