package amqpbridge_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"registrar/actors/otp/otptest"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/wire"
)

// stuck has the first message that is published from now on wait until it is let go.
type stuck struct {
	once             sync.Once
	reached, release chan struct{}
	over             <-chan struct{} // the test
}

func newStuck(t *testing.T) *stuck {
	t.Helper()
	return &stuck{reached: make(chan struct{}), release: make(chan struct{}), over: t.Context().Done()}
}

func (s *stuck) publish() {
	s.once.Do(func() { close(s.reached) })
	select {
	case <-s.release:
	case <-s.over:
	}
}

// question asks about a user that there is not.
func (s *stage) question(sw *client.Conn, user string) {
	s.t.Helper()
	aor := "sip:" + user + "@acme.test"
	s.put(sw, "registrar", "authn.endpoint.req.a", string(wire.Sender{App: "switch"}.AuthnRequest(&wire.AuthnRequest{
		Envelope: wire.Envelope{MsgID: user, ServerID: "nobody"}, To: aor, From: aor, AuthUser: user, AuthRealm: "acme.test", Method: "REGISTER",
	})))
}

// Answers that have waited behind a write that was stuck, until nobody waits for them any more, are not sent.
func TestAnswersAreNotSentLate(t *testing.T) {
	s, write := newStage(t), newStuck(t)
	s.set.ReplyDeadline = time.Hour
	s.publish = write.publish
	s.raise()
	sw := s.connect()
	s.question(sw, "first")
	otptest.Receive(t, "answer", write.reached)
	const more = 20
	for i := range more {
		s.question(sw, strconv.Itoa(i))
	}
	until(t, "answered", func() bool { return s.Tally.Get("authn", "not_found") == 1+more })
	s.ahead.Add(int64(2 * s.set.ReplyDeadline))
	close(write.release)
	until(t, "worked off", func() bool {
		return s.Tally.Get("publisher", "deadline_exceeded")+s.Tally.Get("publisher", "sent") == 1+more
	})
	if sent := s.Tally.Get("publisher", "sent"); sent != 1 {
		t.Errorf("%d answers were sent, and only the first was in time", sent)
	}
}

// What waits for a write that is stuck is bounded and counted; a new session is heard of all the same.
func TestLittleWaitsForAStuckWrite(t *testing.T) {
	s, write := newStage(t), newStuck(t)
	s.set.ReplyDeadline = time.Hour
	s.publish = write.publish
	s.raise()
	sw := s.connect()
	asked := 0
	until(t, "overloaded", func() bool {
		for ; asked < int(s.Tally.Get("authn", "not_found"))+200; asked++ { // none is shed
			s.question(sw, strconv.Itoa(asked))
		}
		return s.Tally.Get("publisher", "overloaded") > 0
	})
	s.mute()
	s.refused.Store(false)
	s.ready() // the connection is; the publisher does not know of it yet
	close(write.release)
	until(t, "answered", func() bool {
		s.question(sw, "one more")
		return s.Tally.Get("publisher", "sent") > 0
	})
}
