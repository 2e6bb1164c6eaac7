package linktest

import (
	"strconv"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar/amqpbridge/link"
)

func retentionTests() map[string]func(*suite) {
	return map[string]func(*suite){
		"messages too old for the queue are dead-lettered": queueTTL,
		"each message may have a term of its own":          messageTTL,
		"publishing while a queue's term passes":           publishUnderTTL,
		"an unacknowledged message does not expire":        unackedDoesNotExpire,
		"the oldest give way to the newest":                maxLength,
		"refused messages are dead-lettered":               deadLetterRefused,
		"dead letters through an exchange keep their key":  deadLetterExchange,
		"given back too often":                             deliveryLimit,
		"a queue that nobody uses expires":                 expires,
	}
}

// deadLetterQueue declares a queue for dead letters and returns its name.
func (b *suite) deadLetterQueue(s link.Session) string {
	b.Helper()
	return b.queue(s, link.Queue{Name: "dead"})
}

func queueTTL(b *suite) {
	s := b.dial()
	dead := b.deadLetterQueue(s)
	q := b.queue(s, link.Queue{Name: "q", TTL: 50 * time.Millisecond, DeadLetterKey: dead})
	pub := b.publisher(s, nil)
	b.put(pub, q, "1", "2", "3")
	if diff := cmp.Diff([]string{"1", "2", "3"}, b.consume(s, dead, 10).bodies(3)); diff != "" {
		b.Errorf("dead letters (-want +got):\n%s", diff)
	}
	tap := b.consume(s, q, 1) // before publishing, otherwise the end marker may expire
	b.put(pub, q, "end")
	if got := tap.take(); got != "end" {
		b.Errorf("%q is left in the queue", got)
	}
}

func messageTTL(b *suite) {
	s := b.dial()
	dead := b.deadLetterQueue(s)
	q := b.queue(s, link.Queue{Name: "q", DeadLetterKey: dead})
	pub := b.publisher(s, nil)
	for _, m := range []link.Publishing{
		{Key: dead, Expiration: time.Hour, Body: []byte("long")}, // published first, so that it is not ahead of the short one
		{Key: q, Expiration: 50 * time.Millisecond, Body: []byte("short")},
	} {
		m.Mandatory = true
		if err := b.confirmed(pub, m); err != nil {
			b.Fatal(err)
		}
	}
	tap := b.consume(s, dead, 10)
	if diff := cmp.Diff([]string{"long", "short"}, tap.bodies(2)); diff != "" {
		b.Error(diff)
	}
}

func publishUnderTTL(b *suite) {
	const n = 400
	s := b.dial()
	dead := b.deadLetterQueue(s)
	q := b.queue(s, link.Queue{Name: "q", TTL: 20 * time.Millisecond, DeadLetterKey: dead})
	pub := b.publisher(s, nil)
	tap := b.consume(s, dead, 50)
	for i := range n {
		if err := b.confirmed(pub, link.Publishing{Key: q, Mandatory: true, Body: []byte(strconv.Itoa(i))}); err != nil {
			b.Fatal(err)
		}
	}
	for i := range n { // each once and in order, while the first expires before the last is published
		if got := tap.take(); got != strconv.Itoa(i) {
			b.Fatalf("dead letter %d is %q", i, got)
		}
	}
}

func unackedDoesNotExpire(b *suite) {
	s := b.dial()
	dead := b.deadLetterQueue(s)
	q := b.queue(s, link.Queue{Name: "q", TTL: 100 * time.Millisecond, DeadLetterKey: dead})
	pub := b.publisher(s, nil)
	tap, late := b.consume(s, q, 1), b.consume(s, dead, 10)
	b.put(pub, q, "unacked", "waits")
	tap.next()
	if got := late.take(); got != "waits" {
		b.Errorf("%q expired", got)
	}
	if err := tap.Nack(1, true); err != nil { // after its return it expires at once
		b.Fatal(err)
	}
	if got := late.take(); got != "unacked" {
		b.Errorf("%q expired", got)
	}
}

func maxLength(b *suite) {
	s := b.dial()
	dead := b.deadLetterQueue(s)
	q := b.queue(s, link.Queue{Name: "q", MaxLength: 3, DeadLetterKey: dead})
	b.put(b.publisher(s, nil), q, "1", "2", "3", "4", "5")
	if diff := cmp.Diff([]string{"1", "2"}, b.consume(s, dead, 10).bodies(2)); diff != "" {
		b.Errorf("gave way (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"3", "4", "5"}, b.consume(s, q, 10).bodies(3)); diff != "" {
		b.Errorf("stayed (-want +got):\n%s", diff)
	}
}

func deadLetterRefused(b *suite) {
	s := b.dial()
	dead := b.deadLetterQueue(s)
	q := b.queue(s, link.Queue{Name: "q", Kind: link.Quorum, DeadLetterKey: dead})
	m := link.Publishing{Key: q, Persistent: true, ContentType: "text/plain", Headers: map[string]any{"mine": "kept"}, Body: []byte("bad")}
	if err := b.confirmed(b.publisher(s, nil), m); err != nil {
		b.Fatal(err)
	}
	tap := b.consume(s, q, 1)
	if err := tap.Nack(tap.next().Tag, false); err != nil {
		b.Fatal(err)
	}
	d := b.consume(s, dead, 1).next()
	if string(d.Body) != "bad" || d.ContentType != "text/plain" || d.Headers["mine"] != "kept" || d.Key != dead || d.Redelivered {
		b.Errorf("the dead letter is %+v", d)
	}
	if d.Headers["x-first-death-reason"] != "rejected" || d.Headers["x-first-death-queue"] != q {
		b.Errorf("its headers do not say why it died: %v", d.Headers)
	}
}

func deadLetterExchange(b *suite) {
	s := b.dial()
	dead := b.deadLetterQueue(s)
	x := b.name("dlx")
	b.apply(s, link.Topology{
		Exchanges: []link.Exchange{{Name: x, Kind: "topic"}},
		Bindings:  []link.Binding{{Queue: dead, Exchange: x, Key: b.name("q")}},
	})
	q := b.queue(s, link.Queue{Name: "q", DeadLetterExchange: x})
	b.put(b.publisher(s, nil), q, "bad")
	tap := b.consume(s, q, 1)
	if err := tap.Nack(tap.next().Tag, false); err != nil {
		b.Fatal(err)
	}
	if d := b.consume(s, dead, 1).next(); string(d.Body) != "bad" || d.Exchange != x || d.Key != q {
		b.Errorf("the dead letter is %+v", d)
	}
}

func deliveryLimit(b *suite) {
	const limit = 3
	s := b.dial()
	dead := b.deadLetterQueue(s)
	q := b.queue(s, link.Queue{Name: "q", Kind: link.Quorum, DeliveryLimit: limit, DeadLetterKey: dead})
	b.put(b.publisher(s, nil), q, "crashes")
	for range limit + 1 { // the end of a session counts like a crash
		other := b.dial()
		b.consume(other, q, 1).next()
		if err := other.Close(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	if got := b.consume(s, dead, 1).take(); got != "crashes" {
		b.Errorf("%q is dead", got)
	}
	b.remaining(q)
}

func expires(b *suite) {
	s := b.dial()
	q := b.queue(s, link.Queue{Name: "q", Expires: 100 * time.Millisecond})
	pub := b.publisher(s, nil)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(timeLimit); ; {
		err := b.confirmed(pub, link.Publishing{Key: q, Mandatory: true})
		if err != nil {
			return // no queue of this name any more
		}
		select {
		case <-tick.C:
		case <-late:
			b.Fatal("no sign of the queue to expire")
		}
	}
}
