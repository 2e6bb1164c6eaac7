package directory

import (
	"fmt"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/registration"
)

// flushConcurrency is the number of users of a realm that a shard flushes at a time.
const flushConcurrency = 64

// realmFlush is the state of one [FlushRealm].
type realmFlush struct {
	FlushRealm
	remaining []domain.Key
	pending   int
	n         int
	err       error
}

// flushRealm flushes every user of the realm, [flushConcurrency] at a time.
func (s *shard) flushRealm(c *otp.Context[Message], m FlushRealm) {
	f := &realmFlush{FlushRealm: m}
	for user := range s.index.realms[m.Realm] {
		f.remaining = append(f.remaining, domain.Key{Realm: m.Realm, User: user})
	}
	for range flushConcurrency {
		s.flushNext(c, f)
	}
	s.finishFlush(f)
}

func (s *shard) flushNext(c *otp.Context[Message], f *realmFlush) {
	if len(f.remaining) == 0 || f.err != nil {
		return
	}
	key := f.remaining[0]
	f.remaining = f.remaining[1:]
	f.pending++
	from := otp.NewFrom(otp.Completion(c, func(o registration.Outcome, err error) Message { return flushedUser{flush: f, out: o, err: err} }))
	s.deliver(c, registration.Flush{From: from, Key: key, Stamp: f.Stamp, Digest: f.Digest})
}

func (s *shard) onFlushedUser(c *otp.Context[Message], m flushedUser) {
	f := m.flush
	f.pending--
	switch {
	case m.err != nil && f.err == nil:
		f.err = fmt.Errorf("flush the realm: %w", m.err)
	case m.out.Result == registration.Removed:
		f.n++
	}
	s.flushNext(c, f)
	s.finishFlush(f)
}

func (s *shard) finishFlush(f *realmFlush) {
	switch {
	case f.pending > 0:
	case f.err != nil:
		f.Fail(f.err)
	case len(f.remaining) == 0:
		f.Reply(Flushed{N: f.n})
	}
}
