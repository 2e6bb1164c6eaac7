package credential

import (
	"fmt"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/trace"
)

// Realms knows which realms have credentials and supervises their actors. Its goroutine alone touches it.
type Realms struct {
	env    *Env
	counts map[domain.Realm]int
	actors *otp.DynamicSupervisor[domain.Realm, Message]
}

// pendingUpdate is an update that some realms have yet to follow.
type pendingUpdate struct {
	from      otp.From[Dropped]
	remaining int
}

// NewRealms returns the behaviour of the realms' actor.
func NewRealms(env Env) *Realms { return &Realms{env: &env} }

// Init reads which realms there are; it returns when they are known.
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

// Handle takes one message.
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

// Terminate does nothing: the engine stops the family with its owner.
func (*Realms) Terminate(*otp.Context[RealmsMessage], otp.Reason) {}

// State is what an operator may see.
func (r *Realms) State() any {
	return struct{ Realms, Live int }{len(r.counts), r.actors.Len()}
}

// recount reads the realms anew: a realm may have got its first credential or lost its last one.
func (r *Realms) recount(c *otp.Context[RealmsMessage], m Update) {
	got := otp.Completion(c, func(realms map[domain.Realm]int, err error) RealmsMessage {
		return counted{realms: realms, err: err, update: m}
	})
	r.env.Store.Realms(c, got)
}

// onCounted takes over the new counts and has every live realm that the update names drop what it has cached.
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

// drop has a realm drop what an update names.
func (r *Realms) drop(c *otp.Context[RealmsMessage], d dropped) {
	done := otp.Completion(c, func(_ Dropped, err error) RealmsMessage {
		d.err = err
		return d
	})
	if !r.actors.Tell(c, d.realm, Changed{From: otp.NewFrom(done), Users: d.users}) {
		done(Dropped{}, nil) // the realm's actor has ended, and its cache with it
	}
}

// onDropped counts one realm's answer. One that has not answered is told again while it lives: nobody may go on with an old password.
func (r *Realms) onDropped(c *otp.Context[RealmsMessage], d dropped) {
	if d.err != nil && r.actors.Live(d.realm) {
		r.drop(c, d)
		return
	}
	if d.update.remaining--; d.update.remaining == 0 {
		d.update.from.Reply(Dropped{})
	}
}

// forget has a live realm drop what it has cached; one that is not live has nothing.
func (r *Realms) flush(c *otp.Context[RealmsMessage], m Flush) {
	changed := Changed{From: m.From, All: m.User == ""}
	if !changed.All {
		changed.Users = []domain.User{m.User}
	}
	if !r.actors.Tell(c, m.Realm, changed) {
		m.Reply(Dropped{})
	}
}
