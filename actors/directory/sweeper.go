package directory

import (
	"slices"
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/registration"
)

// sweeper takes what has ended out of the file: every so often it goes through it in key order, a bounded number of users at a time, and rests
// in between for longer than it has kept the writer busy, so that phones which come back do not notice. Users that have an actor are left to it.
type sweeper struct {
	env       Env
	users     *Users
	position  domain.Key
	stepStart time.Time // of the step in hand
}

// restTimes is how many times as long as a step took the sweeper waits before the next one, and shortestRest the least.
const (
	pauseFactor = 4
	minPause    = 10 * time.Millisecond
)

type sweeperMessage interface{ sweeperMessage() }

// step asks for the next users that are due.
type step struct{}

// dueFound is a page of users that are due.
type dueFound struct {
	keys []domain.Key
	next domain.Key
	err  error
}

// pruned is the end of a step.
type pruned struct {
	next domain.Key
	err  error
}

// ended is news of bindings that are over, for the outside.
type expired struct{ events []registration.Event }

func (step) sweeperMessage()     {}
func (dueFound) sweeperMessage() {}
func (pruned) sweeperMessage()   {}
func (expired) sweeperMessage()  {}

// Init begins with a rest: nothing shows what has ended, so there is no hurry.
func (s *sweeper) Init(c *otp.Context[sweeperMessage]) error {
	c.After(s.env.ExpiryInterval, step{})
	return nil
}

// Handle takes one message.
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

// State is what an operator may see.
func (s *sweeper) State() any { return struct{ Passing bool }{s.position != domain.Key{}} }

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
		next, gone, changed := registration.PruneRecord(rec, now, limits)
		for _, b := range gone {
			events = append(events, registration.Event{Kind: registration.BindingEnded, Key: rec.Key, Binding: b})
		}
		return next, changed
	}, func(changed []domain.Header, owned []domain.Key, err error) {
		// Here and not in a message of our own: an incarnation that begins after this commit must not be overtaken by its news.
		for _, h := range changed {
			_ = s.users.For(h.Key).Tell(origin, indexed{header: h}) // a shard that is gone primes anew
		}
		for _, k := range owned {
			_ = s.users.For(k).Tell(origin, pruneLive{key: k}) // as above
		}
		if err == nil && len(events) > 0 && s.env.Notify != nil {
			_ = self.Tell(origin, expired{events: events}) // a crash loses news, never state
		}
		finish(pruned{next: m.next, err: err}, nil)
	})
}

// rest waits before the next step, or before the next pass when there is none or something is in the way.
func (s *sweeper) scheduleNext(c *otp.Context[sweeperMessage], next domain.Key, err error) {
	if err != nil {
		c.Log().Debug().Err(err).Msg("the sweep stops here for now") // what is wrong is said where it is
		next = domain.Key{}
	}
	s.position = next
	if next == (domain.Key{}) {
		c.After(s.env.ExpiryInterval, step{})
		return
	}
	c.After(max(minPause, pauseFactor*s.env.Now().Sub(s.stepStart)), step{})
}

// due reports whether something of the user has ended, a binding at least grace ago.
func due(h domain.Header, now time.Time, grace time.Duration) bool {
	over := func(t time.Time) bool { return !t.IsZero() && !t.Add(grace).After(now) }
	if over(h.Deadline) || !h.Until.IsZero() && !h.Until.After(now) {
		return true
	}
	return slices.ContainsFunc(h.Earlier, over)
}
