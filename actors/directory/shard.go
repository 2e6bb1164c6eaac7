package directory

import (
	"fmt"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/registration"
	"registrar/actors/trace"
)

// shard owns the index of its users and supervises their actors. Only its own goroutine accesses
// it.
type shard struct {
	env           Env
	number        int
	index         *index
	actors        *otp.DynamicSupervisor[domain.Key, registration.Message]
	unprovisioned *unprovisioned
	// reservations are counted unprovisioned users without an index entry. admissions are users
	// whose credential is being read.
	reservations map[domain.Key]struct{}
	admissions   map[domain.Key]*admission
}

// Init fills the index and returns when the shard is primed.
func (s *shard) Init(c *otp.Context[Message]) error {
	headers, err := s.prime(c)
	if err != nil {
		return fmt.Errorf("prime shard %d: %w", s.number, err)
	}
	s.index, s.reservations, s.admissions = newIndex(), map[domain.Key]struct{}{}, map[domain.Key]*admission{}
	s.unprovisioned.reset(s.number)
	for _, h := range headers {
		s.updateIndex(h)
	}
	if s.env.Primed != nil {
		s.env.Primed(headers)
	}
	self := c.Self()
	env := &registration.Env{
		Store: s.env.Store, Limits: s.env.Limits, Now: s.env.Now, Notify: s.env.Notify,
		Index: func(from otp.Origin, h domain.Header) { _ = self.Tell(from, indexed{header: h}) }, // a stopped shard primes again
	}
	s.actors = otp.NewDynamicSupervisor(c, otp.DynamicSupervisorSpec[domain.Key, registration.Message]{
		Label: func(k domain.Key) trace.Label {
			return trace.Label{Prefix: "user/", Realm: string(k.Realm), User: string(k.User)}
		},
		New:       func(k domain.Key) otp.Behaviour[registration.Message] { return registration.New(env, k) },
		Intensity: s.env.Intensity, Period: s.env.Period, CoolDown: s.env.CoolDown, PassivateAfter: s.env.PassivateAfter, MaxLive: perShard(s.env.MaxLive),
		OnExit: func(k domain.Key, r otp.Reason) { s.onExit(c, k, r) },
	})
	return nil
}

// perShard divides a limit over all shards, rounded up.
func perShard(limit int) int { return (limit + Shards - 1) / Shards }

func (s *shard) prime(c *otp.Context[Message]) ([]domain.Header, error) {
	type primed struct {
		headers []domain.Header
		err     error
	}
	answer := make(chan primed, 1)
	s.env.Store.Prime(c, s.number, Shards, uint64(c.Epoch()), func(h []domain.Header, err error) { answer <- primed{h, err} })
	select {
	case p := <-answer:
		return p.headers, p.err
	case <-c.Context().Done():
		return nil, fmt.Errorf("stopped: %w", c.Context().Err())
	}
}

// Handle handles one message.
func (s *shard) Handle(c *otp.Context[Message], msg Message) {
	switch m := msg.(type) {
	case Deliver:
		s.deliver(c, m.Request)
	case Count:
		m.Reply(Counted{N: s.index.count(m.Realm, s.env.Now())})
	case FlushRealm:
		s.flushRealm(c, m)
	case flushedUser:
		s.onFlushedUser(c, m)
	case indexed:
		s.updateIndex(m.header)
	case credentialChecked:
		s.onCredentialChecked(c, m)
	case pruneLive:
		if err := s.actors.Deliver(c, m.key, registration.Prune{}); err != nil {
			c.Log().Debug().Err(err).Msg("prune refused")
		}
	case recordReloaded:
		if m.err == nil {
			m.record.Key = m.key
			s.updateIndex(m.record.Header())
		}
	}
}

// Terminate does nothing: the engine stops the users' actors with their owner.
func (*shard) Terminate(*otp.Context[Message], otp.Reason) {}

// State returns the counts that an operator may see.
func (s *shard) State() any {
	return struct{ Users, Live int }{s.index.users, s.actors.Len()}
}

// deliver admits a request and forwards it to its user's actor.
func (s *shard) deliver(c *otp.Context[Message], req registration.Request) {
	if !s.admit(c, req) {
		s.forward(c, req)
	}
}

// forward sends a request to its user's actor. Requests other than registrations of an unknown
// user are answered without an actor.
func (s *shard) forward(c *otp.Context[Message], req registration.Request) {
	key := req.AOR()
	if _, known := s.index.get(key); !known && !s.actors.Live(key) {
		switch m := req.(type) {
		case registration.Query:
			m.Reply(registration.Answer{})
			return
		case registration.Unregister:
			m.Reply(registration.Outcome{Result: registration.NotRegistered})
			return
		case registration.Flush:
			m.Reply(registration.Outcome{Result: registration.NotRegistered})
			return
		}
	}
	if err := s.actors.Deliver(c, key, req); err != nil {
		req.Refuse(fmt.Errorf("start the user's actor: %w", err))
	}
}

// onExit handles the end of an actor. After too many crashes the index may lag behind the file,
// so the record is read again.
func (s *shard) onExit(c *otp.Context[Message], k domain.Key, r otp.Reason) {
	s.releaseReservation(k)
	if !r.IsAbnormal() {
		return
	}
	c.Log().Error().Str("realm", string(k.Realm)).Str("user", string(k.User)).Stringer("reason", r).Msg("user stopped after too many crashes")
	got := otp.Completion(c, func(rec domain.Record, err error) Message { return recordReloaded{key: k, record: rec, err: err} })
	s.env.Store.Get(c, k, func(rec domain.Record, _ bool, err error) { got(rec, err) })
}
