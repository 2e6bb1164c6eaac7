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

// blockedPublish blocks every publish until it is released.
type blockedPublish struct {
	once             sync.Once
	reached, release chan struct{}
	testEnded        <-chan struct{}
}

func newBlockedPublish(t *testing.T) *blockedPublish {
	t.Helper()
	return &blockedPublish{
		reached: make(chan struct{}), release: make(chan struct{}), testEnded: t.Context().Done(),
	}
}

func (b *blockedPublish) publish() {
	b.once.Do(func() { close(b.reached) })
	select {
	case <-b.release:
	case <-b.testEnded:
	}
}

// requestUnknown publishes an authn request for a user without credentials.
func (b *testbed) requestUnknown(c *client.Conn, user string) {
	b.t.Helper()
	aor := "sip:" + user + "@acme.test"
	b.publish(c, "registrar", "authn.endpoint.req.a", string(wire.Sender{App: "switch"}.AuthnRequest(&wire.AuthnRequest{
		Envelope: wire.Envelope{MsgID: user, ServerID: "nobody"}, To: aor, From: aor,
		AuthUser: user, AuthRealm: "acme.test", Method: "REGISTER",
	})))
}

// Replies whose deadline has passed behind a blocked publish are not sent.
func TestRepliesAreNotSentAfterTheirDeadline(t *testing.T) {
	b, blocked := newTestbed(t), newBlockedPublish(t)
	b.set.ReplyDeadline = time.Hour
	b.beforePublish = blocked.publish
	b.start()
	c := b.connect()
	b.requestUnknown(c, "first")
	otptest.Receive(t, "reply", blocked.reached)
	const more = 20
	for i := range more {
		b.requestUnknown(c, strconv.Itoa(i))
	}
	until(t, "answered", func() bool { return b.count("authn", "not_found") == 1+more })
	b.ahead.Add(int64(2 * b.set.ReplyDeadline))
	close(blocked.release)
	until(t, "settled", func() bool {
		return b.count("publisher", "deadline_exceeded")+b.count("publisher", "sent") == 1+more
	})
	if sent := b.count("publisher", "sent"); sent != 1 {
		t.Errorf("%d replies were sent, want 1", sent)
	}
}

// The mailbox of a blocked publisher is bounded, and drops are counted. A new session reaches the
// publisher all the same.
func TestPublisherMailboxIsBounded(t *testing.T) {
	b, blocked := newTestbed(t), newBlockedPublish(t)
	b.set.ReplyDeadline = time.Hour
	b.beforePublish = blocked.publish
	b.start()
	c := b.connect()
	requests := 0
	until(t, "overloaded", func() bool {
		// Publish no more than 200 ahead of the replies: none is shed.
		for ; requests < int(b.count("authn", "not_found"))+200; requests++ {
			b.requestUnknown(c, strconv.Itoa(requests))
		}
		return b.count("publisher", "overloaded") > 0
	})
	b.losePublishing()
	b.refusePublishing.Store(false)
	awaitReady(t, b.Bridge) // the connection is up; the publisher has not handled it yet
	close(blocked.release)
	until(t, "answered", func() bool {
		b.requestUnknown(c, "last")
		return b.count("publisher", "sent") > 0
	})
}
