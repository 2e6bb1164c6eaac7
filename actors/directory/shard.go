package directory

import (
	"fmt"
	"time"

	"registrar/actors/domain"
	"registrar/actors/registration"
	"registrar/supervisor/otp"
)

// Store is what the shards need of the registrations file besides what the users' actors need. Calls return at once; done is
// called once, from another goroutine.
type Store interface {
	registration.Store
	// Prime returns the headers of all users of a shard after all writes accepted before, and refuses from then on what
	// incarnations older than epoch write for these users.
	Prime(shard, shards int, epoch uint64, done func([]domain.Header, error))
	// Get returns one user's committed record, and whether there is one.
	Get(key domain.Key, done func(domain.Record, bool, error))
}

// Env is what the shards share. It is immutable.
type Env struct {
	Store  Store
	Limits registration.Limits
	// Now is the clock of the run.
	Now func() time.Time
	// Sweep is how often a shard looks for what has ended; SweepMost is how many users it has pruned in one go.
	Sweep     time.Duration
	SweepMost int
	// Intensity, Period and CoolDown bound the crashes of one user's actor: after more than Intensity within Period it is
	// stopped and refused until CoolDown has passed.
	Intensity        int
	Period, CoolDown time.Duration
}

// Shard owns the index of its users and supervises their actors. Its goroutine alone touches it.
type Shard struct {
	env    Env
	number int
	index  map[domain.Key]entry
	family *otp.Family[domain.Key, registration.Message]
}

// entry is what the index knows of a user: when the last binding ends and when the last tombstone may be forgotten, in Unix
// milliseconds; zero is never.
type entry struct{ deadline, until int64 }

// Init fills the index; it returns when the shard is primed.
func (s *Shard) Init(c *otp.Context[Message]) error {
	headers, err := s.prime(c)
	if err != nil {
		return fmt.Errorf("prime shard %d: %w", s.number, err)
	}
	s.index = make(map[domain.Key]entry, len(headers))
	for _, h := range headers {
		s.enter(h)
	}
	self := c.Self()
	env := &registration.Env{
		Store: s.env.Store, Limits: s.env.Limits, Now: s.env.Now,
		Index: func(from otp.Origin, h domain.Header) { _ = self.Tell(from, indexed{header: h}) }, // a shard that is gone primes anew
	}
	s.family = otp.NewFamily(c, otp.FamilySpec[domain.Key, registration.Message]{
		Name:      func(k domain.Key) string { return "user/" + k.String() },
		New:       func(k domain.Key) otp.Behaviour[registration.Message] { return registration.New(env, k) },
		Intensity: s.env.Intensity, Period: s.env.Period, CoolDown: s.env.CoolDown,
		OnExit: func(k domain.Key, r otp.Reason) { s.onExit(c, k, r) },
	})
	c.After(s.env.Sweep, sweep{})
	return nil
}

func (s *Shard) prime(c *otp.Context[Message]) ([]domain.Header, error) {
	type primed struct {
		headers []domain.Header
		err     error
	}
	answer := make(chan primed, 1)
	s.env.Store.Prime(s.number, Shards, uint64(c.Epoch()), func(h []domain.Header, err error) { answer <- primed{h, err} })
	select {
	case p := <-answer:
		return p.headers, p.err
	case <-c.Context().Done():
		return nil, fmt.Errorf("stopped: %w", c.Context().Err())
	}
}

// Handle takes one message.
func (s *Shard) Handle(c *otp.Context[Message], msg Message) {
	switch m := msg.(type) {
	case Deliver:
		s.deliver(c, m.Request)
	case indexed:
		s.enter(m.header)
	case sweep:
		s.sweep(c)
	case reread:
		if m.err == nil {
			m.record.Key = m.key
			s.enter(m.record.Header())
		}
	}
}

// Terminate does nothing: the engine stops the family with its owner.
func (*Shard) Terminate(*otp.Context[Message], otp.Reason) {}

// State is what an operator may see.
func (s *Shard) State() any {
	return struct{ Users, Live int }{len(s.index), s.family.Len()}
}

// deliver hands a request to its user's actor. Questions about users of whom nothing is known are answered here.
func (s *Shard) deliver(c *otp.Context[Message], req registration.Request) {
	key := req.AOR()
	if !s.family.Live(key) && !s.known(key) {
		switch m := req.(type) {
		case registration.Query:
			m.Reply(registration.Answer{})
			return
		case registration.Unregister:
			m.Reply(registration.Outcome{Result: registration.Nothing})
			return
		case registration.Flush:
			m.Reply(registration.Outcome{Result: registration.Nothing})
			return
		}
	}
	if err := s.family.Deliver(c, key, req); err != nil {
		req.Refuse(fmt.Errorf("start the user's actor: %w", err))
	}
}

func (s *Shard) known(k domain.Key) bool {
	_, ok := s.index[k]
	return ok
}

func (s *Shard) enter(h domain.Header) {
	if h.Bindings == 0 && h.Until.IsZero() {
		delete(s.index, h.Key)
		return
	}
	s.index[h.Key] = entry{deadline: millis(h.Deadline), until: millis(h.Until)}
}

// sweep has the actors of users with something ended take it out of the file, a bounded number at a time; what is left is
// found by the next sweep, which then comes sooner.
func (s *Shard) sweep(c *otp.Context[Message]) {
	now := s.env.Now().UnixMilli()
	left := s.env.SweepMost
	for k, e := range s.index {
		if (e.deadline == 0 || e.deadline > now) && (e.until == 0 || e.until > now) {
			continue
		}
		if left--; left < 0 {
			break
		}
		if err := s.family.Deliver(c, k, registration.Prune{}); err != nil {
			c.Log().Debug().Err(err).Msg("prune refused")
		}
	}
	next := s.env.Sweep
	if left < 0 {
		next /= 10
	}
	c.After(next, sweep{})
}

// onExit learns of an actor that will not be restarted. After too many crashes the index may lag behind the file.
func (s *Shard) onExit(c *otp.Context[Message], k domain.Key, r otp.Reason) {
	if !r.IsAbnormal() {
		return
	}
	c.Log().Error().Str("realm", string(k.Realm)).Str("user", string(k.User)).Stringer("reason", r).Msg("user stopped after too many crashes")
	got := otp.Completion(c, func(rec domain.Record, err error) Message { return reread{key: k, record: rec, err: err} })
	s.env.Store.Get(k, func(rec domain.Record, _ bool, err error) { got(rec, err) })
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
