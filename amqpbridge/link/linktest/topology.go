package linktest

import (
	"errors"
	"slices"

	"github.com/google/go-cmp/cmp"

	"registrar/amqpbridge/link"
)

func topologyTests() map[string]func(*suite) {
	return map[string]func(*suite){
		"declaring again changes nothing":         declareAgain,
		"an exchange with other flags is used":    existingExchange,
		"a queue with other arguments conflicts":  queueConflict,
		"topic patterns":                          topicPatterns,
		"direct keys":                             directKeys,
		"a queue gets one copy of a message":      oneCopy,
		"a server-named queue is bound by alias":  serverNamed,
		"an exclusive queue is one session's own": exclusiveQueue,
	}
}

func declareAgain(b *suite) {
	t := link.Topology{
		Exchanges: []link.Exchange{{Name: b.name("x"), Kind: "topic"}},
		Queues: []link.Queue{
			{Name: b.name("classic"), Durable: true, TTL: 90_000_000_000, MaxLength: 10, Expires: 90_000_000_000},
			{Name: b.name("quorum"), Kind: link.Quorum, DeliveryLimit: 20, DeadLetterKey: b.name("classic")},
		},
		Bindings: []link.Binding{{Queue: b.name("classic"), Exchange: b.name("x"), Key: "a.*"}},
	}
	s, other := b.dial(), b.dial()
	b.apply(s, t)
	b.put(b.publisher(s, nil), b.name("quorum"), "kept")
	b.apply(s, t)
	b.apply(other, t)
	if n := append(s.Notices(), other.Notices()...); len(n) != 0 {
		b.Errorf("the same topology was found different: %v", n)
	}
	if got := b.consume(other, b.name("quorum"), 1).take(); got != "kept" {
		b.Errorf("the queue holds %q", got)
	}
}

func existingExchange(b *suite) {
	x := link.Exchange{Name: b.name("x"), Kind: "topic"}
	q := link.Queue{Name: b.name("q"), Durable: true}
	first, second := b.dial(), b.dial()
	b.apply(first, link.Topology{Exchanges: []link.Exchange{x}})
	x.Durable = true
	b.apply(second, link.Topology{
		Exchanges: []link.Exchange{x, {Name: b.name("y"), Kind: "direct"}}, Queues: []link.Queue{q},
		Bindings: []link.Binding{{Queue: q.Name, Exchange: x.Name, Key: "a.#"}},
	})
	notices := second.Notices()
	if len(notices) != 1 || notices[0].Exchange != x.Name || notices[0].Reason == "" {
		b.Errorf("notices are %v, want one of %s with a reason", notices, x.Name)
	}
	if err := b.confirmed(b.publisher(second, nil), link.Publishing{Exchange: x.Name, Key: "a.b", Mandatory: true}); err != nil {
		b.Errorf("publishing through it: %v", err)
	}
}

func queueConflict(b *suite) {
	s, other := b.dial(), b.dial()
	name := b.queue(s, link.Queue{Name: "q", MaxLength: 5})
	err := other.Apply(b.Context(), link.Topology{Queues: []link.Queue{{Name: name, Durable: true, MaxLength: 6}}})
	if !errors.Is(err, link.ErrConflict) {
		b.Errorf("declaring it otherwise: %v, want %v", err, link.ErrConflict)
	}
	if err := b.ended(other); !errors.Is(err, link.ErrConflict) {
		b.Errorf("the session ended with %v", err)
	}
	b.put(b.publisher(s, nil), name, "the first session goes on")
}

func topicPatterns(b *suite) {
	keys := []string{"a", "a.b", "a.b.c", "a.b.c.d", "b", "x.b", "a.x.c", "a..c", ""}
	want := map[string][]string{
		"#":       keys,
		"a.#":     {"a", "a.b", "a.b.c", "a.b.c.d", "a.x.c", "a..c"},
		"a.*":     {"a.b"},
		"*.b":     {"a.b", "x.b"},
		"a.*.c":   {"a.b.c", "a.x.c", "a..c"},
		"#.c":     {"a.b.c", "a.x.c", "a..c"},
		"a.#.c.#": {"a.b.c", "a.b.c.d", "a.x.c", "a..c"},
		"#.b.#":   {"a.b", "a.b.c", "a.b.c.d", "b", "x.b"},
		"*":       {"a", "b"}, // an empty key has no words
		"a.b":     {"a.b"},
	}
	s := b.dial()
	pub := b.publisher(s, nil)
	t := link.Topology{Exchanges: []link.Exchange{{Name: b.name("x"), Kind: "topic"}}}
	for pattern := range want {
		t.Queues = append(t.Queues, link.Queue{Name: b.name("q." + pattern), Durable: true})
		t.Bindings = append(t.Bindings, link.Binding{Queue: b.name("q." + pattern), Exchange: b.name("x"), Key: pattern})
	}
	b.apply(s, t)
	for _, k := range keys {
		if err := b.confirmed(pub, link.Publishing{Exchange: b.name("x"), Key: k, Body: []byte(k)}); err != nil {
			b.Fatal(err)
		}
	}
	for pattern, matching := range want {
		b.put(pub, b.name("q."+pattern), "end")
		tap := b.consume(s, b.name("q."+pattern), 100)
		var got []string
		for body := tap.take(); body != "end"; body = tap.take() {
			got = append(got, body)
		}
		if diff := cmp.Diff(matching, got); diff != "" {
			b.Errorf("keys that %s matches (-want +got):\n%s", pattern, diff)
		}
	}
}

func directKeys(b *suite) {
	s := b.dial()
	b.apply(s, link.Topology{
		Exchanges: []link.Exchange{{Name: b.name("x"), Kind: "direct"}},
		Queues:    []link.Queue{{Name: b.name("q"), Durable: true}},
		Bindings: []link.Binding{
			{Queue: b.name("q"), Exchange: b.name("x"), Key: "a.*"}, {Queue: b.name("q"), Exchange: b.name("x"), Key: "b"},
		},
	})
	pub := b.publisher(s, nil)
	for _, key := range []string{"a.b", "a.*", "#", "b"} {
		err := b.confirmed(pub, link.Publishing{Exchange: b.name("x"), Key: key, Mandatory: true, Body: []byte(key)})
		if want := slices.Contains([]string{"a.*", "b"}, key); want != (err == nil) {
			b.Errorf("publishing with key %q: %v", key, err)
		}
	}
	tap := b.consume(s, b.name("q"), 10)
	if diff := cmp.Diff([]string{"a.*", "b"}, tap.bodies(2)); diff != "" {
		b.Error(diff)
	}
}

func oneCopy(b *suite) {
	s := b.dial()
	b.apply(s, link.Topology{
		Exchanges: []link.Exchange{{Name: b.name("x"), Kind: "topic"}},
		Queues:    []link.Queue{{Name: b.name("q"), Durable: true}},
		Bindings: []link.Binding{
			{Queue: b.name("q"), Exchange: b.name("x"), Key: "a.*"},
			{Queue: b.name("q"), Exchange: b.name("x"), Key: "#"},
			{Queue: b.name("q"), Exchange: b.name("x"), Key: "#"},
		},
	})
	pub := b.publisher(s, nil)
	if err := b.confirmed(pub, link.Publishing{Exchange: b.name("x"), Key: "a.b", Body: []byte("once")}); err != nil {
		b.Fatal(err)
	}
	b.put(pub, b.name("q"), "end")
	if diff := cmp.Diff([]string{"once", "end"}, b.consume(s, b.name("q"), 10).bodies(2)); diff != "" {
		b.Error(diff)
	}
}

func serverNamed(b *suite) {
	t := link.Topology{
		Exchanges: []link.Exchange{{Name: b.name("x"), Kind: "direct"}},
		Queues:    []link.Queue{{Name: "replies", Kind: link.ServerNamed}},
	}
	var names []string
	for _, key := range []string{"one", "two"} {
		s := b.dial()
		t.Bindings = []link.Binding{{Queue: "replies", Exchange: b.name("x"), Key: key}}
		b.apply(s, t)
		names = append(names, s.QueueName("replies"))
		tap := b.consume(s, "replies", 1)
		pub := b.publisher(s, nil)
		if err := b.confirmed(pub, link.Publishing{Exchange: b.name("x"), Key: key, Mandatory: true, Body: []byte("bound")}); err != nil {
			b.Fatal(err)
		}
		b.put(pub, s.QueueName("replies"), "by name")
		if got := []string{tap.take(), tap.take()}; !slices.Equal(got, []string{"bound", "by name"}) {
			b.Errorf("the queue took %q", got)
		}
		if other := s.QueueName("no alias"); other != "no alias" {
			b.Errorf("a name that is no alias became %s", other)
		}
	}
	if names[0] == names[1] || names[0] == "replies" {
		b.Errorf("the broker named the queues %q", names)
	}
}

func exclusiveQueue(b *suite) {
	s, other := b.dial(), b.dial()
	t := link.Topology{Queues: []link.Queue{{Name: b.name("q"), Exclusive: true}}}
	b.apply(s, t)
	if err := other.Apply(b.Context(), t); !errors.Is(err, link.ErrAccess) {
		b.Errorf("declaring another session's queue: %v, want %v", err, link.ErrAccess)
	}
	if err := s.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	third := b.dial()
	if _, err := third.Consume(b.Context(), link.ConsumerSpec{Queue: b.name("q"), Prefetch: 1}, func(link.Delivery) {}); !errors.Is(err, link.ErrNotFound) {
		b.Errorf("consuming it after its session: %v, want %v", err, link.ErrNotFound)
	}
}
