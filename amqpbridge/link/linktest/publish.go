package linktest

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"

	"github.com/google/go-cmp/cmp"

	"registrar/amqpbridge/link"
)

func publishTests() map[string]func(*suite) {
	return map[string]func(*suite){
		"an unroutable mandatory message is returned":    returned,
		"without mandatory it is dropped":                dropped,
		"outcomes come in order, each once":              outcomes,
		"a confirmed message that no queue took":         confirmedReturn,
		"an exchange that is not there ends the session": noExchange,
		"what AMQP cannot carry is refused":              invalid,
		"the body is taken over":                         bodyTaken,
		"a context that has ended":                       contextEnded,
		"from many goroutines":                           manyGoroutines,
	}
}

func returned(b *suite) {
	s := b.dial()
	q := b.queue(s, link.Queue{Name: "q"})
	back := make(chan link.Publishing, 10)
	pub := b.publisher(s, func(p link.Publishing) { back <- p })
	sent := link.Publishing{
		Key: b.name("nobody"), Mandatory: true, ContentType: "text/plain", Headers: map[string]any{"h": "v"},
		CorrelationID: "42", Persistent: true, Body: []byte("come back"),
	}
	for _, m := range []link.Publishing{{Key: q, Mandatory: true, Body: []byte("stays")}, sent} {
		if err := pub.Publish(b.Context(), m); err != nil {
			b.Fatal(err)
		}
	}
	if diff := cmp.Diff(sent, wait(b, back, "the return")); diff != "" {
		b.Errorf("returned (-want +got):\n%s", diff)
	}
	if got := b.consume(s, q, 1).take(); got != "stays" {
		b.Errorf("%q arrived", got)
	}
}

func dropped(b *suite) {
	s := b.dial()
	back := make(chan link.Publishing, 10)
	pub := b.publisher(s, func(p link.Publishing) { back <- p })
	if err := b.confirmed(pub, link.Publishing{Key: b.name("nobody")}); err != nil {
		b.Errorf("a message that nobody wants is confirmed as dropped, but: %v", err)
	}
	for _, m := range []link.Publishing{{Key: b.name("nobody"), Body: []byte("1")}, {Key: b.name("nobody"), Mandatory: true, Body: []byte("2")}} {
		if err := pub.Publish(b.Context(), m); err != nil {
			b.Fatal(err)
		}
	}
	if p := wait(b, back, "the return"); string(p.Body) != "2" {
		b.Errorf("%q was returned", p.Body)
	}
}

func outcomes(b *suite) {
	const n = 2*link.Window + 50
	s := b.dial()
	q := b.queue(s, link.Queue{Name: "q", Kind: link.Quorum})
	pub := b.publisher(s, nil)
	type outcome struct {
		i   int
		err error
	}
	told := make(chan outcome, 2*n)
	for i := range n {
		p := link.Publishing{Key: q, Mandatory: true, Persistent: true, Body: []byte(strconv.Itoa(i))}
		if i%10 == 3 {
			p.Key = b.name("nobody")
		}
		pub.PublishConfirmed(b.Context(), p, func(err error) { told <- outcome{i, err} })
	}
	for i := range n {
		o := wait(b, told, "an outcome")
		if o.i != i || (i%10 == 3) != errors.Is(o.err, link.ErrReturned) || (i%10 != 3) != (o.err == nil) {
			b.Fatalf("outcome %d is of %d: %v", i, o.i, o.err)
		}
	}
	if err := s.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	if len(told) != 0 {
		b.Errorf("%d outcomes were told twice", len(told))
	}
}

func confirmedReturn(b *suite) {
	s := b.dial()
	unexpected := make(chan link.Publishing, 1)
	pub := b.publisher(s, func(p link.Publishing) { unexpected <- p })
	if err := b.confirmed(pub, link.Publishing{Key: b.name("nobody"), Mandatory: true}); !errors.Is(err, link.ErrReturned) {
		b.Errorf("outcome %v, want %v", err, link.ErrReturned)
	}
	if len(unexpected) != 0 {
		b.Error("it was told to OnReturn, too")
	}
}

func noExchange(b *suite) {
	s := b.dial()
	pub := b.publisher(s, nil)
	if err := pub.Publish(b.Context(), link.Publishing{Exchange: b.name("nobody"), Key: "k"}); err != nil {
		b.Fatal(err)
	}
	if err := b.ended(s); !errors.Is(err, link.ErrNotFound) {
		b.Errorf("the session ended with %v, want %v", err, link.ErrNotFound)
	}
	if err := pub.Publish(b.Context(), link.Publishing{Key: "k"}); !errors.Is(err, link.ErrClosed) {
		b.Errorf("publishing then: %v, want %v", err, link.ErrClosed)
	}
	if err := b.confirmed(pub, link.Publishing{Key: "k"}); !errors.Is(err, link.ErrClosed) {
		b.Errorf("publishing confirmed then: %v, want %v", err, link.ErrClosed)
	}
}

func invalid(b *suite) {
	s := b.dial()
	q := b.queue(s, link.Queue{Name: "q"})
	pub := b.publisher(s, nil)
	long := strings.Repeat("k", 256)
	for name, p := range map[string]link.Publishing{
		"a long key":          {Key: long},
		"a long exchange":     {Exchange: long},
		"a long reply-to":     {Key: q, ReplyTo: long},
		"a struct":            {Key: q, Headers: map[string]any{"h": struct{}{}}},
		"a struct in a list":  {Key: q, Headers: map[string]any{"h": []any{struct{}{}}}},
		"a long header name":  {Key: q, Headers: map[string]any{long: 1}},
		"headers of a frame":  {Key: q, Headers: map[string]any{"h": strings.Repeat("h", 128<<10)}},
		"a channel in a map":  {Key: q, Headers: map[string]any{"m": map[string]any{"c": make(chan int)}}},
		"a long content type": {Key: q, ContentType: long},
	} {
		if err := pub.Publish(b.Context(), p); !errors.Is(err, link.ErrInvalid) {
			b.Errorf("%s: %v", name, err)
		}
		if err := b.confirmed(pub, p); !errors.Is(err, link.ErrInvalid) {
			b.Errorf("%s, confirmed: %v", name, err)
		}
	}
	b.put(pub, q, "the session goes on")
	if got := b.consume(s, q, 1).take(); got != "the session goes on" {
		b.Errorf("%q came", got)
	}
}

func bodyTaken(b *suite) {
	s := b.dial()
	q := b.queue(s, link.Queue{Name: "q"})
	pub := b.publisher(s, nil)
	body := []byte("before")
	if err := pub.Publish(b.Context(), link.Publishing{Key: q, Body: body}); err != nil {
		b.Fatal(err)
	}
	copy(body, "after!")
	tap := b.consume(s, q, 10)
	first := tap.next()
	if string(first.Body) != "before" {
		b.Errorf("%q arrived", first.Body)
	}
	copy(first.Body, "mine!!")
	if err := tap.Nack(first.Tag, true); err != nil {
		b.Fatal(err)
	}
	if again := tap.take(); again != "before" {
		b.Errorf("the next receiver sees %q", again)
	}
}

func contextEnded(b *suite) {
	s := b.dial()
	q := b.queue(s, link.Queue{Name: "q"})
	pub := b.publisher(s, nil)
	ctx, stop := context.WithCancel(b.Context())
	stop()
	if err := pub.Publish(ctx, link.Publishing{Key: q, Body: []byte("never")}); !errors.Is(err, context.Canceled) {
		b.Errorf("publishing: %v", err)
	}
	outcome := make(chan error, 1)
	pub.PublishConfirmed(ctx, link.Publishing{Key: q, Body: []byte("never")}, func(err error) { outcome <- err })
	if err := wait(b, outcome, "an outcome"); !errors.Is(err, context.Canceled) {
		b.Errorf("publishing confirmed: %v", err)
	}
	b.remaining(q)
	if s.Err() != nil {
		b.Errorf("nothing was sent, but the session ended: %v", s.Err())
	}
}

func manyGoroutines(b *suite) {
	const writers, each = 8, 50
	s := b.dial()
	q := b.queue(s, link.Queue{Name: "q"})
	pub := b.publisher(s, nil)
	var all sync.WaitGroup
	outcomes := make(chan error, writers*each)
	for range writers {
		all.Go(func() {
			for range each {
				if err := pub.Publish(b.Context(), link.Publishing{Key: q, Body: []byte("plain")}); err != nil {
					outcomes <- err
				}
				pub.PublishConfirmed(b.Context(), link.Publishing{Key: q, Body: []byte("confirmed")}, func(err error) { outcomes <- err })
			}
		})
	}
	all.Wait()
	for range writers * each {
		if err := wait(b, outcomes, "an outcome"); err != nil {
			b.Fatal(err)
		}
	}
	count := map[string]int{}
	for _, body := range b.consume(s, q, 2*writers*each).bodies(2 * writers * each) {
		count[body]++
	}
	if diff := cmp.Diff(map[string]int{"plain": writers * each, "confirmed": writers * each}, count); diff != "" {
		b.Error(diff)
	}
}
