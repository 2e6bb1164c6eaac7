package directory

import (
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/registration"
)

// admission is a user whose credential is being read. Its requests wait in order.
type admission struct{ waiting []registration.Request }

// admit delays a registration of a new or unprovisioned user until its credential was read. It
// reports whether it took the request over.
func (s *shard) admit(c *otp.Context[Message], req registration.Request) bool {
	key := req.AOR()
	if a := s.admissions[key]; a != nil {
		a.waiting = append(a.waiting, req)
		return true
	}
	if _, ok := req.(registration.Register); !ok || s.env.Credentials == nil {
		return false
	}
	if e, known := s.index.get(key); known && !e.unprovisioned {
		return false
	}
	s.admissions[key] = &admission{waiting: []registration.Request{req}}
	got := otp.Completion(c, func(unprovisioned bool, _ error) Message {
		return credentialChecked{key: key, unprovisioned: unprovisioned}
	})
	s.env.Credentials.Lookup(c, key, func(_ domain.Credential, ok bool, err error) {
		got(err == nil && !ok, nil) // a failed read refuses nobody
	})
	return true
}

// onCredentialChecked forwards the waiting requests. A registration of an unprovisioned user
// beyond the limits is refused; other requests are not.
func (s *shard) onCredentialChecked(c *otp.Context[Message], m credentialChecked) {
	a := s.admissions[m.key]
	if a == nil {
		return
	}
	delete(s.admissions, m.key)
	for _, req := range a.waiting {
		r, ok := req.(registration.Register)
		switch {
		case !ok:
			s.forward(c, req)
		case m.unprovisioned && !s.reserve(m.key):
			r.Reply(registration.Outcome{Result: registration.RefusedUnprovisioned})
		default:
			r.Unprovisioned = m.unprovisioned
			s.forward(c, r)
		}
	}
}

// reserve counts an unprovisioned user, and reports whether the limits allow it.
func (s *shard) reserve(k domain.Key) bool {
	e, known := s.index.get(k)
	_, reserved := s.reservations[k]
	if known && e.unprovisioned || reserved {
		return true
	}
	if !s.unprovisioned.tryAdd(s.number, k.Realm) {
		return false
	}
	s.reservations[k] = struct{}{}
	return true
}

// updateIndex stores a header and keeps the number of unprovisioned users equal to the index. A
// reservation becomes an entry.
func (s *shard) updateIndex(h domain.Header) {
	before, known := s.index.get(h.Key)
	_, reserved := s.reservations[h.Key]
	if reserved && !known && h.Bindings == 0 && h.Until.IsZero() {
		return // the actor found no record: keep the reservation for its first write
	}
	s.index.update(h)
	after, _ := s.index.get(h.Key)
	delete(s.reservations, h.Key)
	was, is := before.unprovisioned || reserved, after.unprovisioned
	switch {
	case is && !was:
		s.unprovisioned.add(s.number, h.Key.Realm)
	case was && !is:
		s.unprovisioned.remove(s.number, h.Key.Realm)
	}
}

// releaseReservation releases the reservation of a user whose actor ended before its first
// commit.
func (s *shard) releaseReservation(k domain.Key) {
	if _, reserved := s.reservations[k]; reserved {
		delete(s.reservations, k)
		s.unprovisioned.remove(s.number, k.Realm)
	}
}
