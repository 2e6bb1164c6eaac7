package credential

import (
	"maps"
	"slices"

	"registrar/actors/domain"
	"registrar/actors/otp"
)

// realmActor owns the credential cache of one realm. Only its own goroutine accesses it.
type realmActor struct {
	env   *Env
	realm domain.Realm
	cache map[domain.User]Found
	// lookups are the pending reads of the store by user.
	lookups    map[domain.User]*storeLookup
	generation uint64
}

// storeLookup is a pending read of the store. Only the answer of its generation counts; a
// [Changed] starts a new generation.
type storeLookup struct {
	round   uint64
	waiting []Lookup
}

// newRealmActor returns the behaviour for one realm.
func newRealmActor(env *Env, realm domain.Realm) *realmActor {
	return &realmActor{env: env, realm: realm, cache: map[domain.User]Found{}, lookups: map[domain.User]*storeLookup{}}
}

// Init does nothing: the cache is filled on demand.
func (*realmActor) Init(*otp.Context[Message]) error { return nil }

// Handle handles one message.
func (r *realmActor) Handle(c *otp.Context[Message], msg Message) {
	switch m := msg.(type) {
	case Lookup:
		r.lookup(c, m)
	case Changed:
		if m.All {
			m.Users = slices.AppendSeq(slices.Collect(maps.Keys(r.cache)), maps.Keys(r.lookups))
		}
		for _, u := range m.Users {
			delete(r.cache, u)
			if q := r.lookups[u]; q != nil {
				r.query(c, u, q)
			}
		}
		m.Reply(Dropped{})
	case read:
		r.onRead(m)
	}
}

// Terminate does nothing: the engine fails waiting lookups.
func (*realmActor) Terminate(*otp.Context[Message], otp.Reason) {}

// State returns the counts that an operator may see. It contains no secrets.
func (r *realmActor) State() any {
	return struct{ Cached, Asked int }{len(r.cache), len(r.lookups)}
}

func (r *realmActor) lookup(c *otp.Context[Message], m Lookup) {
	if found, ok := r.cache[m.Key.User]; ok {
		m.Reply(found)
		return
	}
	if q := r.lookups[m.Key.User]; q != nil {
		q.waiting = append(q.waiting, m)
		return
	}
	q := &storeLookup{waiting: []Lookup{m}}
	r.lookups[m.Key.User] = q
	r.query(c, m.Key.User, q)
}

func (r *realmActor) query(c *otp.Context[Message], u domain.User, q *storeLookup) {
	r.generation++
	q.round = r.generation
	round := q.round
	got := otp.Completion(c, func(f Found, err error) Message { return read{user: u, generation: round, found: f, err: err} })
	r.env.Store.Lookup(c, domain.Key{Realm: r.realm, User: u}, func(cred domain.Credential, ok bool, err error) {
		got(Found{Credential: cred, OK: ok}, err)
	})
}

func (r *realmActor) onRead(m read) {
	q := r.lookups[m.user]
	if q == nil || q.round != m.generation {
		return // overtaken by a change: the newer question answers
	}
	delete(r.lookups, m.user)
	if m.err == nil && m.found.OK {
		m.found = foundOf(m.found.Credential)
		r.addToCache(m.user, m.found)
	}
	for _, a := range q.waiting {
		if m.err != nil {
			a.Fail(m.err)
		} else {
			a.Reply(m.found)
		}
	}
}

func (r *realmActor) addToCache(u domain.User, found Found) {
	if len(r.cache) >= r.env.MaxCache {
		for victim := range r.cache {
			delete(r.cache, victim)
			break
		}
	}
	r.cache[u] = found
}

func foundOf(cred domain.Credential) Found {
	if cred.Disabled {
		return Found{}
	}
	return Found{Credential: cred, OK: true, Memo: &Memo{}}
}
