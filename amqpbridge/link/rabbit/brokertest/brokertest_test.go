package brokertest_test

import (
	"context"
	"errors"
	"testing"

	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/rabbit"
	"registrar/amqpbridge/link/rabbit/brokertest"
)

func TestMain(m *testing.M) { brokertest.Main(m) }

// Every call has a virtual host of its own: what one test declares another does not see.
func TestURLsAreApart(t *testing.T) {
	t.Setenv("REGISTRAR_TEST_AMQP_URL", "")
	one, two := open(t, brokertest.URL(t)), open(t, brokertest.URL(t))
	if err := one.Apply(t.Context(), link.Topology{Queues: []link.Queue{{Name: "q", Durable: true}}}); err != nil {
		t.Fatal(err)
	}
	_, err := two.Consume(t.Context(), link.ConsumerSpec{Queue: "q", Prefetch: 1}, func(link.Delivery) {})
	if !errors.Is(err, link.ErrNotFound) {
		t.Errorf("the other virtual host's queue: %v, want %v", err, link.ErrNotFound)
	}
}

func open(t *testing.T, address string) link.Session {
	t.Helper()
	s, err := rabbit.New(rabbit.Config{URLs: []string{address}}).Dial(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.WithoutCancel(t.Context())) })
	return s
}

func TestAGivenBrokerIsTaken(t *testing.T) {
	const given = "amqp://given.test/"
	t.Setenv("REGISTRAR_TEST_AMQP_URL", given)
	if got := brokertest.URL(t); got != given {
		t.Errorf("the address is %s", got)
	}
}

// verdict notes what a test would have been told.
type verdict struct {
	testing.TB
	skipped, failed bool
}

func (v *verdict) Helper()      {}
func (v *verdict) Skip(...any)  { v.skipped = true }
func (v *verdict) Fatal(...any) { v.failed = true }

func TestWithoutABrokerSkipsButFailsInCI(t *testing.T) {
	for ci, want := range map[string]verdict{"": {skipped: true}, "false": {skipped: true}, "true": {failed: true}} {
		t.Setenv("CI", ci)
		got := verdict{TB: t}
		brokertest.Missing(&got, "no broker")
		if got.failed != want.failed || !want.failed && got.skipped != want.skipped {
			t.Errorf("CI=%q: skipped %v, failed %v", ci, got.skipped, got.failed)
		}
	}
}
