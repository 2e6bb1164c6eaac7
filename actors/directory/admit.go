package directory

import (
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/registration"
)

// admission is a user whose credentials are being looked for: what comes for it meanwhile waits, in order.
type admission struct{ waiting []registration.Request }

// admit has a registration of a user that is new, or known as a guest, wait until it is known whether the user has credentials. It reports
// whether the request was taken over.
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
	got := otp.Completion(c, func(guest bool, _ error) Message { return credentialChecked{key: key, unprovisioned: guest} })
	s.env.Credentials.Lookup(c, key, func(_ domain.Credential, ok bool, err error) {
		got(err == nil && !ok, nil) // a store that cannot answer refuses nobody
	})
	return true
}

// onLooked hands on what has waited. A guest beyond the limits is refused; a question about it is not.
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

// seat makes sure that a guest is counted.
func (s *shard) reserve(k domain.Key) bool {
	e, known := s.index.get(k)
	_, seated := s.reservations[k]
	if known && e.unprovisioned || seated {
		return true
	}
	if !s.unprovisioned.tryAdd(s.number, k.Realm) {
		return false
	}
	s.reservations[k] = struct{}{}
	return true
}

// count keeps the number of guests with the index: a seat becomes an entry, an entry comes or goes.
func (s *shard) updateIndex(h domain.Header) {
	before, known := s.index.get(h.Key)
	_, seated := s.reservations[h.Key]
	if seated && !known && h.Bindings == 0 && h.Until.IsZero() {
		return // its actor has found nothing in the file: the seat is kept for what it is about to write
	}
	s.index.update(h)
	after, _ := s.index.get(h.Key)
	delete(s.reservations, h.Key)
	was, is := before.unprovisioned || seated, after.unprovisioned
	switch {
	case is && !was:
		s.unprovisioned.add(s.number, h.Key.Realm)
	case was && !is:
		s.unprovisioned.remove(s.number, h.Key.Realm)
	}
}

// unseat gives the seat of a guest back whose actor has ended before its first commit.
func (s *shard) releaseReservation(k domain.Key) {
	if _, seated := s.reservations[k]; seated {
		delete(s.reservations, k)
		s.unprovisioned.remove(s.number, k.Realm)
	}
}
