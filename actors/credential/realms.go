package credential

import (
	"fmt"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/trace"
)

// Realms knows the realms that have credentials and supervises their actors. Only its own
// goroutine accesses it.
type Realms struct {
	env    *Env
	counts map[domain.Realm]int
	actors *otp.DynamicSupervisor[domain.Realm, Message]
}

// pendingUpdate is an update that waits for the answers of remaining realms.
type pendingUpdate struct {
	from      otp.From[Dropped]
	remaining int
}

// NewRealms returns the behaviour of the realms' actor.
func NewRealms(env Env) *Realms { return &Realms{env: &env} }

// Init reads the realms and returns when they are known.
func (r *Realms) Init(c *otp.Context[RealmsMessage]) error {
	answer := make(chan counted, 1)
	r.env.Store.Realms(c, func(m map[domain.Realm]int, err error) { answer <- counted{realms: m, err: err} })
	select {
	case a := <-answer:
		if a.err != nil {
			return fmt.Errorf("read the realms: %w", a.err)
		}
		r.counts = a.realms
	case <-c.Context().Done():
		return fmt.Errorf("stopped: %w", c.Context().Err())
	}
	r.actors = otp.NewDynamicSupervisor(c, otp.DynamicSupervisorSpec[domain.Realm, Message]{
		Label:     func(k domain.Realm) trace.Label { return trace.Label{Prefix: "realm/", Realm: string(k)} },
		New:       func(k domain.Realm) otp.Behaviour[Message] { return newRealmActor(r.env, k) },
		Intensity: r.env.Intensity, Period: r.env.Period, CoolDown: r.env.CoolDown,
		OnExit: func(k domain.Realm, reason otp.Reason) {
			if reason.IsAbnormal() {
				c.Log().Error().Str("realm", string(k)).Stringer("reason", reason).Msg("realm stopped after too many crashes")
			}
		},
	})
	return nil
}

// Handle handles one message.
func (r *Realms) Handle(c *otp.Context[RealmsMessage], msg RealmsMessage) {
	switch m := msg.(type) {
	case Ask:
		if r.counts[m.Key.Realm] == 0 {
			m.Reply(Found{})
			return
		}
		if err := r.actors.Deliver(c, m.Key.Realm, m.Lookup); err != nil {
			m.Fail(fmt.Errorf("start the realm's actor: %w", err))
		}
	case Update:
		r.recount(c, m)
	case Flush:
		r.flush(c, m)
	case counted:
		r.onCounted(c, m)
	case dropped:
		r.onDropped(c, m)
	}
}

// Terminate does nothing: the engine stops the realm actors with their owner.
func (*Realms) Terminate(*otp.Context[RealmsMessage], otp.Reason) {}

// State returns the counts that an operator may see.
func (r *Realms) State() any {
	return struct{ Realms, Live int }{len(r.counts), r.actors.Len()}
}

// recount reads the realms again: an update may add a realm's first credential or remove its
// last.
func (r *Realms) recount(c *otp.Context[RealmsMessage], m Update) {
	got := otp.Completion(c, func(realms map[domain.Realm]int, err error) RealmsMessage {
		return counted{realms: realms, err: err, update: m}
	})
	r.env.Store.Realms(c, got)
}

// onCounted stores the new counts and invalidates the update's users in every live realm.
func (r *Realms) onCounted(c *otp.Context[RealmsMessage], m counted) {
	if m.err != nil {
		m.update.Fail(m.err)
		return
	}
	r.counts = m.realms
	byRealm := map[domain.Realm][]domain.User{}
	for _, k := range m.update.Keys {
		if r.actors.Live(k.Realm) {
			byRealm[k.Realm] = append(byRealm[k.Realm], k.User)
		}
	}
	p := &pendingUpdate{from: m.update.From, remaining: len(byRealm)}
	if p.remaining == 0 {
		p.from.Reply(Dropped{})
		return
	}
	for realm, users := range byRealm {
		r.drop(c, dropped{update: p, realm: realm, users: users})
	}
}

// drop sends a [Changed] to one realm.
func (r *Realms) drop(c *otp.Context[RealmsMessage], d dropped) {
	done := otp.Completion(c, func(_ Dropped, err error) RealmsMessage {
		d.err = err
		return d
	})
	if !r.actors.Tell(c, d.realm, Changed{From: otp.NewFrom(done), Users: d.users}) {
		done(Dropped{}, nil) // the realm's actor has ended, and its cache with it
	}
}

// onDropped counts one realm's answer. A live realm that failed to answer gets the message again,
// because it could still serve an old password.
func (r *Realms) onDropped(c *otp.Context[RealmsMessage], d dropped) {
	if d.err != nil && r.actors.Live(d.realm) {
		r.drop(c, d)
		return
	}
	if d.update.remaining--; d.update.remaining == 0 {
		d.update.from.Reply(Dropped{})
	}
}

// flush invalidates the cache of a live realm. A realm without an actor has no cache.
func (r *Realms) flush(c *otp.Context[RealmsMessage], m Flush) {
	changed := Changed{From: m.From, All: m.User == ""}
	if !changed.All {
		changed.Users = []domain.User{m.User}
	}
	if !r.actors.Tell(c, m.Realm, changed) {
		m.Reply(Dropped{})
	}
}
