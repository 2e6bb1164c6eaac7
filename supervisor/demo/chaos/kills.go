package chaos

import (
	"context"
	"math/rand/v2"
	"time"

	"registrar/supervisor/demo/fleet"
)

const registrationsWriter = "registrations/writer"

// target is a shared process to kill, with the probes of its service.
type target struct {
	fault  Fault
	name   string
	probes []probe
}

// targets are killed in turn. Each is of another kind than the one before, so that no supervisor
// exceeds its restart intensity.
func (r *run) targets() []target {
	authn, report, password := []probe{{authns, r.askAuthn}}, []probe{{registrations, r.register}}, []probe{{authns, r.changePassword}}
	return []target{
		{KillWriter, registrationsWriter, report},
		{KillBridge, "bridge/authn", authn},
		{KillSupervisor, "registrar/core/bridge", r.allProbes()},
		{KillWriter, "credentials/writer", password},
		{KillBridge, "bridge/publisher", r.allProbes()},
		{KillSupervisor, "registrar/core/registrations", report},
		{KillWriter, registrationsWriter, report},
		{KillBridge, "bridge/registrations", report},
		{KillSupervisor, "registrar/core/users", report},
		{KillWriter, "credentials/writer", password},
		{KillBridge, "bridge/consuming", r.allProbes()},
		{KillSupervisor, "registrar/core", r.allProbes()},
		{KillWriter, registrationsWriter, report},
		{KillBridge, "bridge/queries", report},
		{KillSupervisor, "registrar/core/credentials", authn},
		{KillWriter, "credentials/writer", password},
		{KillBridge, "bridge/publishing", r.allProbes()},
		{KillSupervisor, "registrar/observe", password},
	}
}

// allProbes probe both services.
func (r *run) allProbes() []probe { return []probe{{authns, r.askAuthn}, {registrations, r.register}} }

// kill is the injection that kills a target; n decides whether the target may cooperate.
func (r *run) kill(v target, n int) *injection {
	return &injection{fault: v.fault, target: v.name, probes: v.probes, inject: func(ctx context.Context) error {
		return r.proc.client.Control(ctx, verb(n), v.name)
	}}
}

// verb returns how to end a process: every other one crashes between two messages, the rest are
// abandoned in the middle of a message.
func verb(n int) string {
	if n%2 == 0 {
		return "kill"
	}
	return "abandon"
}

const (
	// realmShare: one in so many kills of single actors is that of a realm.
	realmShare = 15
	// minKillInterval is the least time between two kills of one actor: one with more than ten
	// crashes in ten seconds is stopped for a while.
	minKillInterval = 1500 * time.Millisecond
)

// killActors kills actors of users and realms in turn until ctx ends.
func (r *run) killActors(ctx context.Context) {
	rng := rand.New(rand.NewPCG(r.opts.Seed, 1)) //nolint:gosec // it must be repeatable, not secret
	users, realms := rng.Perm(r.opts.Phones), rng.Perm(r.opts.Realms)
	killed := map[string]time.Time{}
	tick := time.NewTicker(time.Duration(float64(time.Second) / r.opts.Kills))
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		k := r.key(users[n%len(users)])
		fault, name, ask := KillUser, "user/"+k.String(), probe{registrations, func(ctx context.Context) error {
			_, err := r.client.Query(ctx, string(k.Realm), string(k.User), "Contact")
			return err
		}}
		if n%realmShare == 0 {
			realm := r.realms[realms[n/realmShare%len(realms)]]
			fault, name, ask = KillRealm, "realm/"+realm, probe{authns, func(ctx context.Context) error {
				_, err := r.client.Authn(ctx, realm, fleet.UserOf(0))
				return err
			}}
		}
		if time.Since(killed[name]) < minKillInterval {
			continue
		}
		killed[name] = time.Now()
		r.tasks.Go(func() { r.killActor(context.WithoutCancel(ctx), fault, verb(n), name, ask) })
	}
}

// killActor kills an actor, if it is alive, and measures the time until it answers again.
func (r *run) killActor(ctx context.Context, f Fault, verb, name string, ask probe) {
	from := time.Now()
	if r.proc.client.Control(ctx, verb, name) != nil {
		return // the actor or the registrar is not running
	}
	r.heals.happened(f)
	for {
		once, cancel := context.WithTimeout(ctx, replyTimeout)
		err := ask.try(once)
		cancel()
		switch now := time.Now(); {
		case !r.heals.quiet(from, now):
			return // another fault contributed to the time
		case err == nil:
			h := recovery{}
			h.took[ask.service] = now.Sub(from)
			r.heals.healed(f, h)
			return
		}
	}
}
