package linktest

import (
	"errors"
	"sync"

	"github.com/google/go-cmp/cmp"

	"registrar/amqpbridge/link"
)

func sessionTests() map[string]func(*suite) {
	return map[string]func(*suite){
		"what was not acknowledged comes again in order":   redelivery,
		"a stale acknowledgement acknowledges nothing":     staleAck,
		"a deleted queue ends the session":                 queueDeleted,
		"everything is refused after the end":              afterEnd,
		"a clean end redelivers nothing":                   cleanEnd,
		"open publishings get an outcome at the end":       openAtEnd,
		"the end of one session is not that of another":    independentSessions,
		"closing from many sides, and what it leaves":      closeTwice,
		"an exclusive queue of the old session is no more": freshExclusive,
	}
}

func redelivery(b *suite) {
	s := b.dial()
	q := b.queue(s, link.Queue{Name: "q", Kind: link.Quorum})
	b.put(b.publisher(s, nil), q, "1", "2", "3", "4", "5")
	tap := b.consume(s, q, 4)
	tap.bodies(4)
	tap.ack(2, false)
	tap.bodies(1)
	if err := s.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	second := b.dial()
	b.put(b.publisher(second, nil), q, "6")
	again := b.consume(second, q, 10)
	want := []link.Delivery{
		{Tag: 1, Key: q, Redelivered: true, Waited: true, Body: []byte("1")},
		{Tag: 2, Key: q, Redelivered: true, Waited: true, Body: []byte("3")},
		{Tag: 3, Key: q, Redelivered: true, Waited: true, Body: []byte("4")},
		{Tag: 4, Key: q, Redelivered: true, Waited: true, Body: []byte("5")},
		{Tag: 5, Key: q, Waited: again.Found() == 5, Body: []byte("6")}, // a busy broker may report 0
	}
	for _, w := range want {
		d := again.next()
		d.Headers = nil // brokers count deliveries in them
		if diff := cmp.Diff(w, d); diff != "" {
			b.Errorf("after the session (-want +got):\n%s", diff)
		}
	}
}

// With the recovery of the client library, an acknowledgement of the old consumer succeeds after
// a reconnect. It removes unprocessed messages of the new consumer: they are lost.
func staleAck(b *suite) {
	s := b.dial()
	q := b.queue(s, link.Queue{Name: "q"})
	b.put(b.publisher(s, nil), q, "1", "2", "3")
	old := b.consume(s, q, 10)
	old.bodies(3)
	if err := s.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	second := b.dial()
	fresh := b.consume(second, q, 10)
	fresh.bodies(3)
	if err := old.Ack(3, true); !errors.Is(err, link.ErrClosed) {
		b.Errorf("the stale acknowledgement: %v, want %v", err, link.ErrClosed)
	}
	if err := old.Nack(1, false); !errors.Is(err, link.ErrClosed) {
		b.Errorf("the stale refusal: %v, want %v", err, link.ErrClosed)
	}
	if err := second.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.remaining(q, "1", "2", "3")
}

func queueDeleted(b *suite) {
	s := b.dial()
	q, other := b.queue(s, link.Queue{Name: "q"}), b.queue(s, link.Queue{Name: "other"})
	tap, beside := b.consume(s, q, 1), b.consume(s, other, 1)
	if err := b.admin().DeleteQueue(b.Context(), q); err != nil {
		b.Fatal(err)
	}
	if err := b.ended(s); !errors.Is(err, link.ErrCancelled) {
		b.Errorf("the session ended with %v, want %v", err, link.ErrCancelled)
	}
	wait(b, tap.Done(), "the end of the consumer")
	wait(b, beside.Done(), "the end of the other consumer")
}

func afterEnd(b *suite) {
	s := b.dial()
	q := b.queue(s, link.Queue{Name: "q"})
	if s.Err() != nil {
		b.Errorf("a session that lives has the error %v", s.Err())
	}
	pub, tap := b.publisher(s, nil), b.consume(s, q, 1)
	if err := s.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := b.ended(s); !errors.Is(err, link.ErrClosed) {
		b.Errorf("a closed session has the error %v", err)
	}
	_, consume := s.Consume(b.Context(), link.ConsumerSpec{Queue: q, Prefetch: 1}, func(link.Delivery) {})
	_, publisher := s.Publisher(b.Context(), link.PublisherSpec{})
	for name, err := range map[string]error{
		"Apply": s.Apply(b.Context(), link.Topology{Queues: []link.Queue{{Name: q}}}), "Consume": consume, "Publisher": publisher,
		"Ack": tap.Ack(1, true), "Nack": tap.Nack(1, true), "Cancel": tap.Cancel(b.Context()),
		"Publish":          pub.Publish(b.Context(), link.Publishing{Key: q}),
		"PublishConfirmed": b.confirmed(pub, link.Publishing{Key: q}),
	} {
		if name == "Cancel" && err == nil {
			continue // nothing to cancel
		}
		if !errors.Is(err, link.ErrClosed) {
			b.Errorf("%s: %v, want %v", name, err, link.ErrClosed)
		}
	}
}

func cleanEnd(b *suite) {
	const n = 300
	s := b.dial()
	q := b.queue(s, link.Queue{Name: "q"})
	pub := b.publisher(s, nil)
	tap := b.consume(s, q, 50)
	for range n {
		if err := pub.Publish(b.Context(), link.Publishing{Key: q, Body: []byte("x")}); err != nil {
			b.Fatal(err)
		}
	}
	for range n / 2 {
		tap.take()
	}
	if err := tap.Cancel(b.Context()); err != nil {
		b.Fatal(err)
	}
	got := n / 2
	for len(tap.got) > 0 {
		tap.take()
		got++
	}
	if err := s.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	second := b.dial()
	b.put(b.publisher(second, nil), q, "end")
	rest := b.consume(second, q, n)
	for d := rest.next(); string(d.Body) != "end"; d = rest.next() {
		if d.Redelivered {
			b.Fatalf("a message came again after a clean end")
		}
		got++
	}
	if got != n {
		b.Errorf("%d of %d messages arrived", got, n)
	}
}

func openAtEnd(b *suite) {
	const n = 500
	s := b.dial()
	q := b.queue(s, link.Queue{Name: "q", Kind: link.Quorum})
	pub := b.publisher(s, nil)
	told := make(chan error, 2*n)
	for range n {
		pub.PublishConfirmed(b.Context(), link.Publishing{Key: q, Persistent: true, Body: []byte("x")}, func(err error) { told <- err })
	}
	if err := s.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	if len(told) != n {
		b.Fatalf("%d of %d outcomes were told when Close returned", len(told), n)
	}
	for range n {
		if err := <-told; err != nil {
			b.Fatalf("a close in order waits for the confirms, but: %v", err)
		}
	}
}

func independentSessions(b *suite) {
	s, other := b.dial(), b.dial()
	q, r := b.queue(s, link.Queue{Name: "q"}), b.queue(other, link.Queue{Name: "r"})
	tap, beside := b.consume(s, q, 1), b.consume(other, r, 1)
	b.put(b.publisher(s, nil), q, "1")
	tap.take()
	_ = tap.Ack(99, false)
	if err := b.ended(s); err == nil {
		b.Error("the session should have ended with a reason")
	}
	b.put(b.publisher(other, nil), r, "2")
	if got := beside.take(); got != "2" || other.Err() != nil {
		b.Errorf("the other session delivers %q and has the error %v", got, other.Err())
	}
}

func closeTwice(b *suite) {
	s := b.dial()
	q := b.queue(s, link.Queue{Name: "q"})
	tap := b.consume(s, q, 10)
	b.put(b.publisher(s, nil), q, "1")
	tap.next()
	closed := make(chan error, 3)
	var all sync.WaitGroup
	defer all.Wait()
	for range 3 {
		all.Go(func() { closed <- s.Close(b.Context()) })
	}
	for range 3 {
		if err := wait(b, closed, "the end of Close"); err != nil {
			b.Errorf("close: %v", err)
		}
	}
	select {
	case <-tap.Done():
	default:
		b.Error("Close has returned, but the consumer is not done")
	}
	b.remaining(q, "1")
}

func freshExclusive(b *suite) {
	t := link.Topology{Queues: []link.Queue{{Name: b.name("q"), Exclusive: true}}}
	for range 3 {
		s := b.dial()
		b.apply(s, t)
		b.put(b.publisher(s, nil), b.name("q"), "mine")
		tap := b.consume(s, b.name("q"), 10)
		if d := tap.next(); d.Redelivered || string(d.Body) != "mine" {
			b.Errorf("a new queue holds %q", d.Body)
		}
		if err := s.Close(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
