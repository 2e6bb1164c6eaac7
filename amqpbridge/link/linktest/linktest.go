package linktest

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"registrar/amqpbridge/link"
)

// timeLimit is the time limit for an expected event on a busy machine.
const timeLimit = 20 * time.Second

// Admin changes a broker from outside a session.
type Admin interface {
	// DeleteQueue deletes a queue with its messages and cancels its consumers.
	DeleteQueue(ctx context.Context, name string) error
}

// Run runs the suite. It calls dialer once per test.
func Run(t *testing.T, dialer func(t *testing.T) link.Dialer) {
	t.Helper()
	groups := map[string]map[string]func(*suite){
		"Topology":  topologyTests(),
		"Consume":   consumeTests(),
		"Publish":   publishTests(),
		"Session":   sessionTests(),
		"Retention": retentionTests(),
	}
	for group, tests := range groups {
		for name, test := range tests {
			t.Run(group+"/"+name, func(t *testing.T) { test(newSuite(t, dialer(t))) })
		}
	}
}

// suite is the environment of one test.
type suite struct {
	*testing.T
	dialer link.Dialer
	prefix string
}

func newSuite(t *testing.T, d link.Dialer) *suite {
	t.Helper()
	b := &suite{T: t, dialer: d}
	b.prefix = strings.ToLower(strings.ReplaceAll(t.Name(), "/", ".")) + "." + strconv.FormatInt(time.Now().UnixNano(), 36) + "."
	return b
}

// name returns a name that is unique to this test.
func (b *suite) name(s string) string { return b.prefix + s }

// dial opens a session and closes it at the end of the test.
func (b *suite) dial() link.Session {
	b.Helper()
	s, err := b.dialer.Dial(b.Context(), "linktest")
	if err != nil {
		b.Fatalf("dial: %v", err)
	}
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(b.Context()), timeLimit)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			b.Errorf("close: %v", err)
		}
	})
	return s
}

// apply declares a topology and deletes its queues at the end of the test.
func (b *suite) apply(s link.Session, t link.Topology) {
	b.Helper()
	if err := s.Apply(b.Context(), t); err != nil {
		b.Fatalf("apply: %v", err)
	}
	for _, q := range t.Queues {
		if q.Kind != link.ServerNamed {
			b.Cleanup(func() { _ = b.admin().DeleteQueue(context.WithoutCancel(b.Context()), q.Name) })
		}
	}
}

func (b *suite) admin() Admin {
	b.Helper()
	a, ok := b.dialer.(Admin)
	if !ok {
		b.Fatalf("the dialer %T cannot delete queues: see Admin", b.dialer)
	}
	return a
}

// queue declares a durable queue and returns its name.
func (b *suite) queue(s link.Session, q link.Queue) string {
	b.Helper()
	q.Name, q.Durable = b.name(q.Name), true
	b.apply(s, link.Topology{Queues: []link.Queue{q}})
	return q.Name
}

// tap is a consumer; the test reads its deliveries one by one.
type tap struct {
	link.Consumer
	b   *suite
	got chan link.Delivery
}

func (b *suite) consume(s link.Session, queue string, prefetch int) *tap {
	b.Helper()
	t := &tap{b: b, got: make(chan link.Delivery, 10_000)}
	c, err := s.Consume(b.Context(), link.ConsumerSpec{Queue: queue, Tag: "tap", Prefetch: prefetch}, func(d link.Delivery) { t.got <- d })
	if err != nil {
		b.Fatalf("consume %s: %v", queue, err)
	}
	t.Consumer = c
	return t
}

// next waits for a delivery.
func (t *tap) next() link.Delivery {
	t.b.Helper()
	return wait(t.b, t.got, "a delivery")
}

// take waits for a delivery, acknowledges it and returns its body.
func (t *tap) take() string {
	t.b.Helper()
	d := t.next()
	t.ack(d.Tag, false)
	return string(d.Body)
}

func (t *tap) ack(tag uint64, multiple bool) {
	t.b.Helper()
	if err := t.Ack(tag, multiple); err != nil {
		t.b.Fatalf("ack %d: %v", tag, err)
	}
}

// bodies waits for n deliveries and returns their bodies. It acknowledges none.
func (t *tap) bodies(n int) []string {
	t.b.Helper()
	var all []string
	for range n {
		all = append(all, string(t.next().Body))
	}
	return all
}

// nothing fails the test if a delivery has arrived.
func (t *tap) nothing(why string) {
	t.b.Helper()
	select {
	case d := <-t.got:
		t.b.Fatalf("%q was delivered: %s", d.Body, why)
	default:
	}
}

func (b *suite) publisher(s link.Session, onReturn func(link.Publishing)) link.Publisher {
	b.Helper()
	p, err := s.Publisher(b.Context(), link.PublisherSpec{OnReturn: onReturn})
	if err != nil {
		b.Fatalf("open publisher: %v", err)
	}
	return p
}

// confirmed publishes and waits for the result.
func (b *suite) confirmed(p link.Publisher, m link.Publishing) error {
	b.Helper()
	outcome := make(chan error, 1)
	p.PublishConfirmed(b.Context(), m, func(err error) { outcome <- err })
	return wait(b, outcome, "an outcome")
}

// put publishes messages to the queue and waits for their confirms.
func (b *suite) put(p link.Publisher, queue string, bodies ...string) {
	b.Helper()
	for _, body := range bodies {
		if err := b.confirmed(p, link.Publishing{Key: queue, Mandatory: true, Persistent: true, Body: []byte(body)}); err != nil {
			b.Fatalf("publish %q: %v", body, err)
		}
	}
}

// wait returns the next value of c, or fails the test after the time limit.
func wait[T any](b *suite, c <-chan T, what string) T {
	b.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(timeLimit):
		b.Fatalf("no sign of %s", what)
		panic("unreachable")
	}
}

// ended waits for the end of a session and returns its reason.
func (b *suite) ended(s link.Session) error {
	b.Helper()
	wait(b, s.Done(), "the end of the session")
	return s.Err()
}
