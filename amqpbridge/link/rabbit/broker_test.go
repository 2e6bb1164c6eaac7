package rabbit_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"registrar/actors/otp/otptest"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/rabbit"
	"registrar/amqpbridge/link/rabbit/brokertest"
	"registrar/amqpbridge/link/rabbit/node"
)

func ctl(t *testing.T, n *node.Node, args ...string) string {
	t.Helper()
	out, err := n.Ctl(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Every call of URL returns a virtual host of its own.
func TestURLsAreApart(t *testing.T) {
	t.Setenv("REGISTRAR_TEST_AMQP_URL", "")
	seen := map[string]bool{}
	for range 4 { // the first are made one by one, later ones in a batch
		url := brokertest.URL(t)
		if seen[url] {
			t.Errorf("%s is given to two tests", url)
		}
		seen[url] = true
		s := dial(t, rabbit.Config{URLs: []string{url}})
		if _, err := s.Consume(t.Context(), link.ConsumerSpec{Queue: "apart", Prefetch: 1}, func(link.Delivery) {}); !errors.Is(err, link.ErrNotFound) {
			t.Errorf("another virtual host's queue: %v, want %v", err, link.ErrNotFound)
		}
		declare(t, dial(t, rabbit.Config{URLs: []string{url}}), link.Queue{Name: "apart", Durable: true})
	}
}

func TestForcedClose(t *testing.T) {
	n := brokertest.Node(t)
	s := dial(t, rabbit.Config{URLs: []string{n.URL()}})
	declare(t, s, link.Queue{Name: "q", Exclusive: true})
	_, _ = consume(t, s, "q", 1)
	ctl(t, n, "close_all_connections", "maintenance")
	ended(t, s, link.ErrForced)
}

func TestNamesShowOnTheBroker(t *testing.T) {
	n := brokertest.Node(t)
	dial(t, rabbit.Config{URLs: []string{n.URL()}})
	if shown := ctl(t, n, "list_connections", "client_properties"); !strings.Contains(shown, t.Name()) || !strings.Contains(shown, "registrar") {
		t.Errorf("the broker shows %s", shown)
	}
}

// During an alarm publishing fails at once, and consuming goes on.
func TestAlarm(t *testing.T) {
	n := brokertest.Node(t)
	consuming, publishing := dial(t, rabbit.Config{URLs: []string{n.URL()}}), dial(t, rabbit.Config{URLs: []string{n.URL()}})
	queue := link.Queue{Name: unique("alarm"), Durable: true, Expires: time.Minute}
	declare(t, consuming, queue)
	pub := publisher(t, publishing)
	for range 4 {
		if err := confirmed(t, pub, link.Publishing{Key: queue.Name, Mandatory: true}); err != nil {
			t.Fatal(err)
		}
	}
	ctl(t, n, "set_vm_memory_high_watermark", "absolute", "1MB")
	lifted := false
	lift := func() {
		if !lifted {
			lifted = true
			ctl(t, n, "set_vm_memory_high_watermark", "absolute", "1GB")
		}
	}
	defer lift()
	// RabbitMQ reports the alarm to connections that publish.
	outcome := make(chan error, 1)
	pub.PublishConfirmed(t.Context(), link.Publishing{Key: queue.Name, Mandatory: true}, func(err error) { outcome <- err })
	until(t, "the alarm shows", publishing.Blocked)
	if err := pub.Publish(t.Context(), link.Publishing{Key: queue.Name}); !errors.Is(err, link.ErrBlocked) {
		t.Errorf("publishing: %v, want %v", err, link.ErrBlocked)
	}
	if err := confirmed(t, pub, link.Publishing{Key: queue.Name}); !errors.Is(err, link.ErrBlocked) {
		t.Errorf("publishing confirmed: %v, want %v", err, link.ErrBlocked)
	}
	c, got := consume(t, consuming, queue.Name, 2)
	for range 4 {
		if err := c.Ack(wait(t, got, timeLimit, "a delivery during the alarm").Tag, false); err != nil {
			t.Error(err)
		}
	}
	lift()
	if err := wait(t, outcome, timeLimit, "the outcome of what came with the alarm"); err != nil {
		t.Error(err)
	}
	until(t, "the alarm is over", func() bool { return !publishing.Blocked() })
	if err := confirmed(t, pub, link.Publishing{Key: queue.Name, Mandatory: true}); err != nil {
		t.Error(err)
	}
	if publishing.Err() != nil || consuming.Err() != nil {
		t.Errorf("the sessions ended: %v, %v", publishing.Err(), consuming.Err())
	}
}

// Close during an alarm does not wait for the broker, although its heartbeats extend the
// library's deadline.
func TestCloseDuringAlarm(t *testing.T) {
	n := brokertest.Node(t)
	s := dial(t, rabbit.Config{URLs: []string{n.URL()}, Heartbeat: time.Second, CallTimeout: time.Minute})
	pub := publisher(t, s)
	ctl(t, n, "set_vm_memory_high_watermark", "absolute", "1MB")
	defer ctl(t, n, "set_vm_memory_high_watermark", "absolute", "1GB")
	outcome := make(chan error, 1)
	pub.PublishConfirmed(t.Context(), link.Publishing{Key: "q"}, func(err error) { outcome <- err })
	until(t, "the alarm shows", s.Blocked)
	began := time.Now()
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("closing took %s", took)
	}
	if len(outcome) != 1 {
		t.Fatal("Close has returned, but not every outcome was told")
	}
	if err := <-outcome; err != nil && !errors.Is(err, link.ErrClosed) { // the broker may still accept the publishing that reveals the alarm
		t.Errorf("the open publishing: %v", err)
	}
}

// After kill -9 of the broker the session ends at once. Confirmed and unacknowledged messages
// survive. The next session binds a durable queue to a non-durable exchange again.
func TestKilledBroker(t *testing.T) {
	n := brokertest.Node(t)
	kept := unique("kept")
	topology := link.Topology{
		Exchanges: []link.Exchange{{Name: kept, Kind: "topic"}},
		Queues:    []link.Queue{{Name: kept, Kind: link.Quorum}},
		Bindings:  []link.Binding{{Queue: kept, Exchange: kept, Key: "#"}},
	}
	s := dial(t, rabbit.Config{URLs: []string{n.URL()}, Heartbeat: time.Minute}) // too long to notice the kill first
	if err := s.Apply(t.Context(), topology); err != nil {
		t.Fatal(err)
	}
	pub := publisher(t, s)
	for i := range 3 {
		m := link.Publishing{Exchange: kept, Key: "k", Mandatory: true, Persistent: true, Body: fmt.Append(nil, i)}
		if err := confirmed(t, pub, m); err != nil {
			t.Fatal(err)
		}
	}
	c, got := consume(t, s, kept, 10)
	for range 3 {
		wait(t, got, timeLimit, "a delivery")
	}
	if err := c.Ack(1, false); err != nil {
		t.Fatal(err)
	}
	if err := confirmed(t, pub, link.Publishing{Key: kept, Persistent: true, Body: []byte("3")}); err != nil {
		t.Fatal(err)
	}
	// RabbitMQ saves the directory of its quorum queues half a second after a change. Killed
	// before that, a new queue starts empty and never elects a leader. This test does not cover
	// that case.
	ctl(t, n, "eval", "dets:sync(ra_directory_reverse).")
	n.Kill()
	ended(t, s, link.ErrLost)
	if err := n.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := dial(t, rabbit.Config{URLs: []string{n.URL()}, CallTimeout: time.Minute})
	if err := again.Apply(t.Context(), topology); err != nil {
		t.Fatal(err)
	}
	if err := confirmed(t, publisher(t, again), link.Publishing{Exchange: kept, Key: "k", Mandatory: true, Body: []byte("4")}); err != nil {
		t.Errorf("the binding is not there: %v", err)
	}
	_, got = consume(t, again, kept, 10)
	seen := map[string]bool{}
	for !seen["4"] {
		seen[string(wait(t, got, time.Minute, "a delivery").Body)] = true
	}
	for _, want := range []string{"1", "2", "3"} {
		if !seen[want] {
			t.Errorf("message %s was confirmed, not acknowledged, and is lost", want)
		}
	}
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	if !otptest.Eventually(ok) {
		t.Fatalf("waited in vain until %s", what)
	}
}
