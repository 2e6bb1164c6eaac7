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
func (r *run) havoc(ctx context.Context) error {
	fleet := fleet.NewFleet(fleet.FleetConfig{
		Switch: r.w, Realms: r.realms, Phones: r.opts.Phones, Rate: r.opts.Rate, InFlight: 256, Seed: r.opts.Seed, Timeout: patience,
	})
	busy, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var tasks sync.WaitGroup
	tasks.Go(func() { fleet.Run(busy) })
	tasks.Go(func() { r.operate(busy) })
	if r.opts.Kills > 0 {
		tasks.Go(func() { r.killActors(busy) })
	}
	if r.opts.Often > 0 {
		tasks.Go(func() {
			if err := r.nowAndThen(ctx, busy); err != nil {
				stop(err)
			}
		})
	}
	stop(cmp.Or(r.rounds(ctx, busy), errOver))
	tasks.Wait()
	r.tasks.Wait()
	if cause := context.Cause(busy); !errors.Is(cause, errOver) {
		return cause
	}
	return nil
}

// errDone means that every fault has happened as often as required.
var errOver = errors.New("over")

// operate changes passwords until ctx ends.
func (r *run) operate(ctx context.Context) {
	rng := rand.New(rand.NewPCG(r.opts.Seed, 2)) //nolint:gosec // it must be repeatable, not secret
	for n := 0; ctx.Err() == nil; n++ {
		if err := r.setPassword(ctx, r.key(rng.IntN(r.opts.Phones)), fmt.Sprint("changed-", n)); err != nil {
			r.say("   a password could not be set: %v", err)
		}
		pause(ctx, passwordEvery)
	}
}

// killShared kills shared processes until busy ends: every other one during any fault, the rest
// while there is no global fault. An absent process is tried again.
func (r *run) nowAndThen(ctx, busy context.Context) error {
	all := r.victims()
	tick := time.NewTicker(r.opts.Often)
	defer tick.Stop()
	for n := 0; ; {
		select {
		case <-tick.C:
		case <-busy.Done():
			return nil
		}
		for n%2 == 0 && r.board.great() && busy.Err() == nil {
			pause(busy, again)
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
	pause(busy, r.opts.Rest)
	for round := 0; r.opts.Rounds == 0 || round < r.opts.Rounds; round++ {
		if len(r.opts.Great) == 0 {
			pause(busy, cmp.Or(r.opts.For, time.Hour))
			return nil
		}
		for _, i := range rng.Perm(len(r.opts.Great)) {
			if busy.Err() != nil || r.opts.For > 0 && time.Since(began) > r.opts.For {
				return nil //nolint:nilerr // it is done
			}
			if _, err := r.do(ctx, r.great(r.opts.Great[i], rng), true); err != nil {
				return err
			}
			pause(busy, r.opts.Rest)
		}
	}
	return nil
}

// do injects one fault and waits for the recovery. It reports false when the process to kill is
// absent.
func (r *run) do(ctx context.Context, h *harm, great bool) (done bool, err error) {
	failed := func(err error) (bool, error) { return false, fmt.Errorf("%s (%s): %w", h.fault, h.what, err) }
	amid, end := r.board.begin(great)
	defer end()
	if h.prepare != nil {
		if err := h.prepare(ctx); err != nil {
			return failed(err)
		}
	}
	from := time.Now()
	switch err := h.hurt(ctx); {
	case err != nil && great:
		return failed(err)
	case err != nil:
		r.say("%s: %s: spared, it is not there", h.fault, h.what)
		return false, nil
	}
	r.board.happened(h.fault)
	var was healed
	failures := make(chan error)
	for _, p := range h.probes {
		go func() {
			at, err := r.heal(ctx, p.try)
			was.took[p.side] = at.Sub(from)
			failures <- err
		}()
	}
	if h.mend != nil {
		err, was.lasted = h.mend(ctx), time.Since(from)
	}
	for range h.probes {
		err = errors.Join(err, <-failures)
	}
	if err != nil {
		return failed(err)
	}
	fault := h.fault
	if amid {
		fault = Overlapped
		r.board.happened(fault)
	}
	r.board.healed(fault, was)
	r.say("%s: %s: lasted %s; authn again after %s, registrations after %s", h.fault, h.what, brief(was.lasted), brief(was.took[authns]), brief(was.took[registrations]))
	return true, nil
}
