package chaos

import (
	"context"
	"math/rand/v2"
	"time"

	"registrar/supervisor/demo/fleet"
)

const registrationsWriter = "registrations/writer"

// victim is a process that many stand on, and what it is for.
type victim struct {
	fault  Fault
	name   string
	probes []probe
}

// victims are killed in turn, so that no supervisor has to give up: each is of another kind than the one before.
func (r *run) victims() []victim {
	authn, report, password := []probe{{authns, r.askAuthn}}, []probe{{registrations, r.register}}, []probe{{authns, r.changePassword}}
	return []victim{
		{KillWriter, registrationsWriter, report},
		{KillBridge, "bridge/authn", authn},
		{KillSupervisor, "registrar/core/bridge", r.all()},
		{KillWriter, "credentials/writer", password},
		{KillBridge, "bridge/publisher", r.all()},
		{KillSupervisor, "registrar/core/registrations", report},
		{KillWriter, registrationsWriter, report},
		{KillBridge, "bridge/registrations", report},
		{KillSupervisor, "registrar/core/users", report},
		{KillWriter, "credentials/writer", password},
		{KillBridge, "bridge/consuming", r.all()},
		{KillSupervisor, "registrar/core", r.all()},
		{KillWriter, registrationsWriter, report},
		{KillBridge, "bridge/queries", report},
		{KillSupervisor, "registrar/core/credentials", authn},
		{KillWriter, "credentials/writer", password},
		{KillBridge, "bridge/publishing", r.all()},
		{KillSupervisor, "registrar/observe", password},
	}
}

// all asks on both sides.
func (r *run) all() []probe { return []probe{{authns, r.askAuthn}, {registrations, r.register}} }

// kill is the harm of a victim; the how many-th kill it is says whether it may cooperate.
func (r *run) kill(v victim, n int) *harm {
	return &harm{fault: v.fault, what: v.name, probes: v.probes, hurt: func(ctx context.Context) error {
		return r.proc.client.Control(ctx, verb(n), v.name)
	}}
}

// verb has every other process crash between two messages; the rest are cut off, whatever they are doing.
func verb(n int) string {
	if n%2 == 0 {
		return "kill"
	}
	return "abandon"
}

const (
	// RealmShare is the share of the kills of single actors that are a realm's: one of so many.
	realmShare = 15
	// Respite is how long one is left alone then: an actor that crashes more than ten times in ten seconds is stopped for a while.
	respite = 1500 * time.Millisecond
)

// killActors kills users' and realms' actors until ctx ends, each in its turn.
func (r *run) killActors(ctx context.Context) {
	rng := rand.New(rand.NewPCG(r.opts.Seed, 1)) //nolint:gosec // it has to be repeatable, not secret.
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
			_, err := r.w.Query(ctx, string(k.Realm), string(k.User), "Contact")
			return err
		}}
		if n%realmShare == 0 {
			realm := r.realms[realms[n/realmShare%len(realms)]]
			fault, name, ask = KillRealm, "realm/"+realm, probe{authns, func(ctx context.Context) error {
				_, err := r.w.Authn(ctx, realm, fleet.UserOf(0))
				return err
			}}
		}
		if time.Since(killed[name]) < respite {
			continue
		}
		killed[name] = time.Now()
		r.tasks.Go(func() { r.killActor(context.WithoutCancel(ctx), fault, verb(n), name, ask) })
	}
}

// killActor kills one, if it is there, and measures how long it takes until it answers again.
func (r *run) killActor(ctx context.Context, f Fault, verb, name string, ask probe) {
	from := time.Now()
	if r.proc.client.Control(ctx, verb, name) != nil {
		return // it, or the registrar, is not there just now
	}
	r.board.happened(f)
	for {
		once, cancel := context.WithTimeout(ctx, patience)
		err := ask.try(once)
		cancel()
		switch now := time.Now(); {
		case !r.board.calm(from, now):
			return // whatever it took, it was not for this alone
		case err == nil:
			h := healed{}
			h.took[ask.side] = now.Sub(from)
			r.board.healed(f, h)
			return
		}
	}
}
