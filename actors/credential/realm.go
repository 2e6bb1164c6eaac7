package credential

import (
	"maps"
	"slices"

	"registrar/actors/domain"
	"registrar/actors/fault/mutant"
	"registrar/actors/otp"
)

// Realm owns the cache of one realm's credentials. Its goroutine alone touches it.
type Realm struct {
	env   *Env
	realm domain.Realm
	cache map[domain.User]Found
	// asked are the users that the store was asked about and who waits for each.
	asked map[domain.User]*question
	round uint64
}

// question is one question to the store. An answer counts only for the round that it was asked in: a change in between
// starts a new round.
type question struct {
	round  uint64
	askers []Lookup
}

// NewRealm returns the behaviour for one realm.
func NewRealm(env *Env, realm domain.Realm) *Realm {
	return &Realm{env: env, realm: realm, cache: map[domain.User]Found{}, asked: map[domain.User]*question{}}
}

// Init has nothing to do: the cache fills on demand.
func (*Realm) Init(*otp.Context[Message]) error { return nil }

// Handle takes one message.
func (r *Realm) Handle(c *otp.Context[Message], msg Message) {
	switch m := msg.(type) {
	case Lookup:
		r.lookup(c, m)
	case Changed:
		if m.All {
			m.Users = slices.AppendSeq(slices.Collect(maps.Keys(r.cache)), maps.Keys(r.asked))
		}
		for _, u := range m.Users {
			if !mutant.On(mutant.CacheAfterChange) {
				delete(r.cache, u)
			}
			if q := r.asked[u]; q != nil {
				r.ask(c, u, q)
			}
		}
		m.Reply(Dropped{})
	case read:
		r.onRead(m)
	}
}

// Terminate does nothing: askers that wait are answered by the engine.
func (*Realm) Terminate(*otp.Context[Message], otp.Reason) {}

// State is what an operator may see: counts, no secrets.
func (r *Realm) State() any {
	return struct{ Cached, Asked int }{len(r.cache), len(r.asked)}
}

func (r *Realm) lookup(c *otp.Context[Message], m Lookup) {
	if found, ok := r.cache[m.Key.User]; ok {
		m.Reply(found)
		return
	}
	if q := r.asked[m.Key.User]; q != nil {
		q.askers = append(q.askers, m)
		return
	}
	q := &question{askers: []Lookup{m}}
	r.asked[m.Key.User] = q
	r.ask(c, m.Key.User, q)
}

func (r *Realm) ask(c *otp.Context[Message], u domain.User, q *question) {
	r.round++
	q.round = r.round
	round := q.round
	got := otp.Completion(c, func(f Found, err error) Message { return read{user: u, round: round, found: f, err: err} })
	r.env.Store.Lookup(c, domain.Key{Realm: r.realm, User: u}, func(cred domain.Credential, ok bool, err error) {
		got(Found{Credential: cred, OK: ok}, err)
	})
}

func (r *Realm) onRead(m read) {
	q := r.asked[m.user]
	if q == nil || q.round != m.round {
		return // overtaken by a change: the newer question answers
	}
	delete(r.asked, m.user)
	if m.err == nil && m.found.OK {
		m.found = answer(m.found.Credential)
		r.keep(m.user, m.found)
	}
	for _, a := range q.askers {
		if m.err != nil {
			a.Fail(m.err)
		} else {
			a.Reply(m.found)
		}
	}
}

func (r *Realm) keep(u domain.User, found Found) {
	if len(r.cache) >= r.env.CacheMost {
		for victim := range r.cache {
			delete(r.cache, victim)
			break
		}
	}
	r.cache[u] = found
}

func answer(cred domain.Credential) Found {
	if cred.Disabled {
		return Found{}
	}
	return Found{Credential: cred, OK: true, Memo: &Memo{}}
}
