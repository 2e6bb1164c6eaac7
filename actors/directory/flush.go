package directory

import (
	"fmt"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/registration"
)

// flushAtOnce is how many users of a realm a shard has under way at a time.
const flushAtOnce = 64

// realmFlush is the work on one [FlushRealm].
type realmFlush struct {
	FlushRealm
	left    []domain.Key
	pending int
	n       int
	err     error
}

// flushRealm has every user of the realm flushed, a few at a time.
func (s *Shard) flushRealm(c *otp.Context[Message], m FlushRealm) {
	f := &realmFlush{FlushRealm: m}
	for user := range s.index.realms[m.Realm] {
		f.left = append(f.left, domain.Key{Realm: m.Realm, User: user})
	}
	for range flushAtOnce {
		s.flushNext(c, f)
	}
	s.flushDone(f)
}

func (s *Shard) flushNext(c *otp.Context[Message], f *realmFlush) {
	if len(f.left) == 0 || f.err != nil {
		return
	}
	key := f.left[0]
	f.left = f.left[1:]
	f.pending++
	from := otp.NewFrom(otp.Completion(c, func(o registration.Outcome, err error) Message { return flushedUser{flush: f, out: o, err: err} }))
	s.deliver(c, registration.Flush{From: from, Key: key, Stamp: f.Stamp, Digest: f.Digest})
}

func (s *Shard) onFlushedUser(c *otp.Context[Message], m flushedUser) {
	f := m.flush
	f.pending--
	switch {
	case m.err != nil && f.err == nil:
		f.err = fmt.Errorf("flush the realm: %w", m.err)
	case m.out.Result == registration.Removed:
		f.n++
	}
	s.flushNext(c, f)
	s.flushDone(f)
}

func (s *Shard) flushDone(f *realmFlush) {
	switch {
	case f.pending > 0:
	case f.err != nil:
		f.Fail(f.err)
	case len(f.left) == 0:
		f.Reply(Flushed{N: f.n})
	}
}
