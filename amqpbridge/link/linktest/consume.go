package linktest

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar/amqpbridge/link"
)

func consumeTests() map[string]func(*suite) {
	return map[string]func(*suite){
		"a message arrives as it was sent":                  asSent,
		"one consumer of a single-active queue at a time":   singleActive,
		"acknowledged alone, multiple, or given back":       settle,
		"a message that waited in a classic queue":          func(b *suite) { waited(b, link.Queue{}) },
		"a message that waited in a quorum queue":           func(b *suite) { waited(b, link.Queue{Kind: link.Quorum}) },
		"multiple does not reach another consumer":          multipleStays,
		"prefetch limits the unacknowledged":                prefetch,
		"a prefetch of nothing is refused":                  noPrefetch,
		"consumers of a queue share it":                     share,
		"an exclusive consumer is alone":                    exclusiveConsumer,
		"cancel stops deliveries and leaves the rest":       cancel,
		"close requeues the unacknowledged":                 closeConsumer,
		"a queue that is not there":                         noQueue,
		"a tag that is not open ends the session":           unknownTag,
		"with multiple, too":                                unknownTagMultiple,
		"large bodies":                                      largeBodies,
		"deliveries are in order under many":                inOrder,
		"an exclusive queue goes with a cancelled consumer": autoDelete,
	}
}

func asSent(b *suite) {
	s := b.dial()
	q := b.queue(s, link.Queue{Name: "q"})
	when := time.Unix(1_700_000_000, 0).UTC()
	sent := link.Publishing{
		Key: q, ContentType: "application/json", ContentEncoding: "gzip", ReplyTo: "me", CorrelationID: "42", Persistent: true,
		Headers: map[string]any{
			"s": "text", "i": 7, "n": int64(-1 << 40), "t": true, "nil": nil, "f": 2.5, "b": []byte{1, 2}, "when": when,
			"list": []any{"a", int32(3)}, "map": map[string]any{"in": "side", "empty": map[string]any{}},
		},
		Body: []byte(`{"a":1}`),
	}
	want := link.Delivery{
		Tag: 1, Key: q, ContentType: "application/json", ContentEncoding: "gzip", ReplyTo: "me", CorrelationID: "42",
		Headers: map[string]any{
			"s": "text", "i": int64(7), "n": int64(-1 << 40), "t": true, "nil": nil, "f": 2.5, "b": []byte{1, 2}, "when": when,
			"list": []any{"a", int64(3)}, "map": map[string]any{"in": "side", "empty": map[string]any{}},
		},
		Body: []byte(`{"a":1}`),
	}
	pub := b.publisher(s, nil)
	if err := pub.Publish(b.Context(), sent); err != nil {
		b.Fatal(err)
	}
	tap := b.consume(s, q, 10)
	got := tap.next()
	got.Waited = false // depends on which came first
	if diff := cmp.Diff(want, got); diff != "" {
		b.Errorf("delivery (-want +got):\n%s", diff)
	}
	if err := pub.Publish(b.Context(), link.Publishing{Key: q}); err != nil {
		b.Fatal(err)
	}
	if d := tap.next(); len(d.Body) != 0 || d.Headers != nil || d.Tag != 2 {
		b.Errorf("an empty message arrived as %+v", d)
	}
}

func waited(b *suite, queue link.Queue) {
	s := b.dial()
	pub := b.publisher(s, nil)
	var q string
	var tap *tap
	for try, late := 0, time.Now().Add(timeLimit); ; try++ {
		queue.Name = "q" + strconv.Itoa(try)
		q = b.queue(s, queue)
		b.put(pub, q, "1", "2")
		tap = b.consume(s, q, 10)
		if tap.Found() == 2 {
			break
		}
		// RabbitMQ reports 0 when it cannot count a quorum queue within 250 ms.
		if tap.Found() != 0 || queue.Kind != link.Quorum || time.Now().After(late) {
			b.Fatalf("%d messages were found", tap.Found())
		}
	}
	mark := func(want bool) {
		b.Helper()
		if d := tap.next(); d.Waited != want {
			b.Errorf("%s: waited is %v", d.Body, d.Waited)
		}
	}
	mark(true)
	mark(true)
	b.put(pub, q, "3")
	mark(false)
	if err := tap.Nack(3, true); err != nil {
		b.Fatal(err)
	}
	mark(true)
}

func prefetch(b *suite) {
	s := b.dial()
	q, probe := b.queue(s, link.Queue{Name: "q"}), b.queue(s, link.Queue{Name: "probe"})
	pub := b.publisher(s, nil)
	b.put(pub, q, "1", "2", "3", "4", "5")
	tap, after := b.consume(s, q, 2), b.consume(s, probe, 1)
	if diff := cmp.Diff([]string{"1", "2"}, tap.bodies(2)); diff != "" {
		b.Error(diff)
	}
	b.put(pub, probe, "later")
	after.take()
	tap.nothing("two are unacknowledged, prefetch is 2")
	tap.ack(1, false)
	if got := tap.bodies(1); got[0] != "3" {
		b.Errorf("%q came after one was acknowledged", got)
	}
	tap.ack(3, true)
	if diff := cmp.Diff([]string{"4", "5"}, tap.bodies(2)); diff != "" {
		b.Error(diff)
	}
}

func noPrefetch(b *suite) {
	s := b.dial()
	q := b.queue(s, link.Queue{Name: "q"})
	for _, n := range []int{0, -1, 1 << 16} {
		if _, err := s.Consume(b.Context(), link.ConsumerSpec{Queue: q, Prefetch: n}, func(link.Delivery) {}); !errors.Is(err, link.ErrInvalid) {
			b.Errorf("a prefetch of %d: %v", n, err)
		}
	}
	b.put(b.publisher(s, nil), q, "the session goes on")
}

func share(b *suite) {
	s, other := b.dial(), b.dial()
	q := b.queue(s, link.Queue{Name: "q"})
	one, two := b.consume(s, q, 2), b.consume(other, q, 2)
	b.put(b.publisher(s, nil), q, "1", "2", "3", "4")
	got := slices.Sorted(slices.Values(append(one.bodies(2), two.bodies(2)...)))
	if diff := cmp.Diff([]string{"1", "2", "3", "4"}, got); diff != "" {
		b.Error(diff)
	}
}

func exclusiveConsumer(b *suite) {
	s, other := b.dial(), b.dial()
	q := b.queue(s, link.Queue{Name: "q"})
	spec := link.ConsumerSpec{Queue: q, Prefetch: 1, Exclusive: true}
	if _, err := s.Consume(b.Context(), spec, func(link.Delivery) {}); err != nil {
		b.Fatal(err)
	}
	spec.Exclusive = false
	if _, err := other.Consume(b.Context(), spec, func(link.Delivery) {}); !errors.Is(err, link.ErrAccess) {
		b.Errorf("a second consumer: %v, want %v", err, link.ErrAccess)
	}
}

func noQueue(b *suite) {
	s := b.dial()
	if _, err := s.Consume(b.Context(), link.ConsumerSpec{Queue: b.name("nobody"), Prefetch: 1}, func(link.Delivery) {}); !errors.Is(err, link.ErrNotFound) {
		b.Errorf("consuming it: %v, want %v", err, link.ErrNotFound)
	}
	if err := b.ended(s); !errors.Is(err, link.ErrNotFound) {
		b.Errorf("the session ended with %v", err)
	}
}

func largeBodies(b *suite) {
	s := b.dial()
	q := b.queue(s, link.Queue{Name: "q"})
	pub := b.publisher(s, nil)
	tap := b.consume(s, q, 10)
	for _, size := range []int{131_071, 131_072, 131_073, 3 << 20} {
		body := make([]byte, size)
		for i := range body {
			body[i] = byte(i % 251)
		}
		b.put(pub, q, string(body))
		if got := tap.take(); got != string(body) {
			b.Errorf("%d bytes arrived as %d others", size, len(got))
		}
	}
}

func inOrder(b *suite) {
	const n = 2000
	s := b.dial()
	q := b.queue(s, link.Queue{Name: "q"})
	pub := b.publisher(s, nil)
	tap := b.consume(s, q, 100)
	for i := range n {
		if err := pub.Publish(b.Context(), link.Publishing{Key: q, Body: []byte(strconv.Itoa(i))}); err != nil {
			b.Fatal(err)
		}
	}
	for i := range n {
		d := tap.next()
		if string(d.Body) != strconv.Itoa(i) || d.Tag != uint64(i+1) {
			b.Fatalf("delivery %d is %q with tag %d", i, d.Body, d.Tag)
		}
		if d.Tag%50 == 0 {
			tap.ack(d.Tag, true)
		}
	}
}

func autoDelete(b *suite) {
	s := b.dial()
	q := link.Queue{Name: b.name("q"), Exclusive: true, AutoDelete: true}
	b.apply(s, link.Topology{Queues: []link.Queue{q}})
	if err := b.consume(s, q.Name, 1).Cancel(b.Context()); err != nil {
		b.Fatal(err)
	}
	err := b.confirmed(b.publisher(s, nil), link.Publishing{Key: q.Name, Mandatory: true})
	if !errors.Is(err, link.ErrReturned) {
		b.Errorf("publishing to it: %v, want %v", err, link.ErrReturned)
	}
}

// The first consumer gets all deliveries. After its end its unacknowledged ones and all others go
// to the second.
func singleActive(b *suite) {
	s, other := b.dial(), b.dial()
	q := b.queue(s, link.Queue{Name: "q", SingleActive: true})
	first, second := b.consume(s, q, 2), b.consume(other, q, 2)
	b.put(b.publisher(s, nil), q, "1", "2", "3")
	if got := first.bodies(2); got[0] != "1" || got[1] != "2" {
		b.Errorf("the first got %v", got)
	}
	second.nothing("another one is active")
	if err := first.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	if got := second.bodies(2); got[0] != "1" || got[1] != "2" {
		b.Errorf("the second got %v", got)
	}
}
