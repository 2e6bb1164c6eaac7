package linktest

import (
	"errors"

	"github.com/google/go-cmp/cmp"

	"registrar/amqpbridge/link"
)

func settle(b *suite) {
	s := b.dial()
	q := b.queue(s, link.Queue{Name: "q"})
	pub := b.publisher(s, nil)
	b.put(pub, q, "1", "2", "3", "4", "5", "6")
	tap := b.consume(s, q, 6)
	tap.bodies(6)
	tap.ack(2, false)
	tap.ack(4, true) // messages 1, 3, 4
	if err := tap.Nack(5, true); err != nil {
		b.Fatal(err)
	}
	again := tap.next()
	if string(again.Body) != "5" || !again.Redelivered || again.Tag != 7 {
		b.Errorf("given back, it came as %q, redelivered %v, tag %d", again.Body, again.Redelivered, again.Tag)
	}
	if err := tap.Nack(6, false); err != nil { // no dead-letter exchange: dropped
		b.Fatal(err)
	}
	tap.ack(again.Tag, false)
	b.put(pub, q, "7")
	if got := tap.take(); got != "7" {
		b.Errorf("%q came", got)
	}
	if err := s.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.remaining(q)
}

// remaining checks the content of a queue, with a session of its own.
func (b *suite) remaining(queue string, want ...string) {
	b.Helper()
	s := b.dial()
	b.put(b.publisher(s, nil), queue, "end")
	got := b.consume(s, queue, len(want)+1).bodies(len(want) + 1)
	if diff := cmp.Diff(append(want, "end"), got); diff != "" {
		b.Errorf("left in the queue (-want +got):\n%s", diff)
	}
}

func multipleStays(b *suite) {
	s := b.dial()
	q, r := b.queue(s, link.Queue{Name: "q"}), b.queue(s, link.Queue{Name: "r"})
	pub := b.publisher(s, nil)
	b.put(pub, q, "q1", "q2")
	b.put(pub, r, "r1", "r2")
	one, two := b.consume(s, q, 10), b.consume(s, r, 10)
	one.bodies(2)
	two.bodies(2)
	one.ack(2, true)
	if err := s.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.remaining(q)
	b.remaining(r, "r1", "r2")
}

func cancel(b *suite) {
	s := b.dial()
	q := b.queue(s, link.Queue{Name: "q"})
	pub := b.publisher(s, nil)
	tap := b.consume(s, q, 2)
	b.put(pub, q, "1", "2", "3")
	tap.bodies(2)
	if err := tap.Cancel(b.Context()); err != nil {
		b.Fatal(err)
	}
	wait(b, tap.Done(), "the end of the deliveries")
	tap.ack(1, false) // unacknowledged deliveries remain valid
	b.put(pub, q, "4")
	if err := tap.Cancel(b.Context()); err != nil {
		b.Errorf("cancelling again: %v", err)
	}
	other := b.consume(s, q, 10)
	if diff := cmp.Diff([]string{"3", "4"}, other.bodies(2)); diff != "" {
		b.Errorf("left for others (-want +got):\n%s", diff)
	}
	tap.nothing("it was cancelled")
	tap.ack(2, true)
	if err := other.Ack(2, true); err != nil {
		b.Fatal(err)
	}
	if err := s.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.remaining(q)
}

func closeConsumer(b *suite) {
	s := b.dial()
	q := b.queue(s, link.Queue{Name: "q"})
	pub := b.publisher(s, nil)
	tap := b.consume(s, q, 2)
	b.put(pub, q, "1", "2", "3")
	tap.bodies(2)
	tap.ack(1, false)
	tap.bodies(1)
	if err := tap.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	wait(b, tap.Done(), "the end of the deliveries")
	other := b.consume(s, q, 10)
	if diff := cmp.Diff([]string{"2", "3"}, other.bodies(2)); diff != "" {
		b.Errorf("given back (-want +got):\n%s", diff)
	}
	if err := s.Err(); err != nil {
		b.Errorf("closing a consumer ended the session: %v", err)
	}
	tap.nothing("it was closed")
	if err := other.Ack(2, true); err != nil {
		b.Fatal(err)
	}
	if err := s.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.remaining(q)
}

func unknownTag(b *suite) {
	s := b.dial()
	q := b.queue(s, link.Queue{Name: "q"})
	b.put(b.publisher(s, nil), q, "1")
	tap := b.consume(s, q, 1)
	tap.take()
	_ = tap.Ack(1, false) // the error comes from the broker
	if err := b.ended(s); !errors.Is(err, link.ErrConflict) {
		b.Errorf("acknowledging twice ended the session with %v, want %v", err, link.ErrConflict)
	}
}

// The named tag itself has to be open, even if earlier tags are.
func unknownTagMultiple(b *suite) {
	s := b.dial()
	q := b.queue(s, link.Queue{Name: "q"})
	b.put(b.publisher(s, nil), q, "1", "2", "3")
	tap := b.consume(s, q, 3)
	tap.bodies(3)
	tap.ack(2, false)
	_ = tap.Ack(2, true) // the error comes from the broker
	if err := b.ended(s); !errors.Is(err, link.ErrConflict) {
		b.Errorf("acknowledging up to one that is acknowledged ended the session with %v, want %v", err, link.ErrConflict)
	}
}
