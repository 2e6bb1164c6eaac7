package directory

import (
	"slices"
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/registration"
)

// sweeper removes expired registrations from the file. Each pass reads the file in key order, a
// bounded number of users per step. Between steps it pauses longer than it used the writer, so
// registrations are not delayed. Users with an actor are pruned by the actor.
type sweeper struct {
	env       Env
	users     *Users
	position  domain.Key
	stepStart time.Time // start of the step in progress
}

// The pause after a step is pauseFactor times its duration, and at least minPause.
const (
	pauseFactor = 4
	minPause    = 10 * time.Millisecond
)

type sweeperMessage interface{ sweeperMessage() }

// step starts a step.
type step struct{}

// dueFound is a page of due users.
type dueFound struct {
	keys []domain.Key
	next domain.Key
	err  error
}

// pruned ends a step.
type pruned struct {
	next domain.Key
	err  error
}

// expired carries the events of expired bindings.
type expired struct{ events []registration.Event }

func (step) sweeperMessage()     {}
func (dueFound) sweeperMessage() {}
func (pruned) sweeperMessage()   {}
func (expired) sweeperMessage()  {}

// Init schedules the first pass. Expired bindings are never shown, so it is not urgent.
func (s *sweeper) Init(c *otp.Context[sweeperMessage]) error {
	c.After(s.env.ExpiryInterval, step{})
	return nil
}

// Handle handles one message.
func (s *sweeper) Handle(c *otp.Context[sweeperMessage], m sweeperMessage) {
	switch m := m.(type) {
	case step:
		s.findDue(c)
	case dueFound:
		if m.err != nil || len(m.keys) == 0 {
			s.scheduleNext(c, m.next, m.err)
			return
		}
		s.prune(c, m)
	case pruned:
		s.scheduleNext(c, m.next, m.err)
	case expired:
		for _, e := range m.events {
			s.env.Notify(c, e)
		}
	}
}

// Terminate does nothing.
func (*sweeper) Terminate(*otp.Context[sweeperMessage], otp.Reason) {}

// State returns whether a pass is in progress.
func (s *sweeper) State() any { return struct{ Sweeping bool }{s.position != domain.Key{}} }

func (s *sweeper) findDue(c *otp.Context[sweeperMessage]) {
	s.stepStart = s.env.Now()
	now, grace := s.stepStart, s.env.Limits.Grace
	got := otp.Completion(c, func(m dueFound, _ error) sweeperMessage { return m })
	s.env.Store.Due(c, s.position, s.env.PruneBatch, func(h domain.Header) bool { return due(h, now, grace) },
		func(keys []domain.Key, next domain.Key, err error) { got(dueFound{keys, next, err}, nil) })
}

func (s *sweeper) prune(c *otp.Context[sweeperMessage], m dueFound) {
	var events []registration.Event
	now, limits, self := s.env.Now(), s.env.Limits, c.Self()
	origin := otp.External("users/sweeper")
	finish := otp.Completion(c, func(p pruned, _ error) sweeperMessage { return p })
	s.env.Store.Prune(c, m.keys, func(rec domain.Record) (domain.Record, bool) {
		next, ended, changed := registration.PruneRecord(rec, now, limits)
		for _, b := range ended {
			events = append(events, registration.Event{Kind: registration.BindingEnded, Key: rec.Key, Binding: b})
		}
		return next, changed
	}, func(changed []domain.Header, owned []domain.Key, err error) {
		// Tell the shards here, before done returns: a later incarnation must not be overtaken by
		// older headers.
		for _, h := range changed {
			_ = s.users.For(h.Key).Tell(origin, indexed{header: h}) // a stopped shard primes again
		}
		for _, k := range owned {
			_ = s.users.For(k).Tell(origin, pruneLive{key: k}) // as above
		}
		if err == nil && len(events) > 0 && s.env.Notify != nil {
			_ = self.Tell(origin, expired{events: events}) // a crash loses events, never state
		}
		finish(pruned{next: m.next, err: err}, nil)
	})
}

// scheduleNext schedules the next step, or the next pass after the last step or an error.
func (s *sweeper) scheduleNext(c *otp.Context[sweeperMessage], next domain.Key, err error) {
	if err != nil {
		c.Log().Debug().Err(err).Msg("sweep interrupted") // the store reports the cause itself
		next = domain.Key{}
	}
	s.position = next
	if next == (domain.Key{}) {
		c.After(s.env.ExpiryInterval, step{})
		return
	}
	c.After(max(minPause, pauseFactor*s.env.Now().Sub(s.stepStart)), step{})
}

// due reports whether content of the record has expired, a binding by at least grace.
func due(h domain.Header, now time.Time, grace time.Duration) bool {
	ended := func(t time.Time) bool { return !t.IsZero() && !t.Add(grace).After(now) }
	if ended(h.Deadline) || !h.Until.IsZero() && !h.Until.After(now) {
		return true
	}
	return slices.ContainsFunc(h.Earlier, ended)
}
