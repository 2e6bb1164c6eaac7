package supervisor_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/rabbit/brokertest"
	"registrar/amqpbridge/softswitch"
	"registrar/amqpbridge/wire"
)

// A stop in the middle of the work drains: what is still in the queue afterwards was never handed out, and nothing is missing after the next start.
func TestCleanStopLeavesNothingToBeDeliveredAgain(t *testing.T) {
	b := newTestbed(t)
	b.start()
	sw := b.connect("switch", wire.Kazoo5)
	const users = 3000
	var phones sync.WaitGroup
	for w := range 16 {
		phones.Go(func() {
			for i := w; i < users; i += 16 {
				if err := sw.Report(context.Background(), softswitch.Registration{
					Realm: realm, User: strconv.Itoa(i), Contact: fmt.Sprintf("<sip:%d@192.0.2.1>", i), Expires: time.Hour,
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	b.until("at work", func() bool { return b.outcomes("registrations", "registered") > 300 })
	b.stop()
	phones.Wait()
	waiting := brokertest.Waiting(t, b.url, "registrar.registrations")
	if waiting == 0 {
		t.Log("the registrar was done before it was stopped")
	}
	again := redelivered(t, b, waiting)
	if again != 0 {
		t.Errorf("%d of the %d that are left were handed out before", again, waiting)
	}
	b.start()
	b.until("all are registered", func() bool { return b.holds(0, users) })
}

// redelivered looks at what waits in the queue of the registrations and returns how much of it was handed to somebody before.
func redelivered(t *testing.T, b *testbed, waiting int) (n int) {
	t.Helper()
	if waiting == 0 {
		return 0
	}
	s, err := b.dialer().Dial(within(t, 10*time.Second), "counter")
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan link.Delivery, waiting)
	consumer, err := s.Consume(within(t, 10*time.Second), link.ConsumerSpec{Queue: "registrar.registrations", Tag: "counter", Prefetch: waiting},
		func(d link.Delivery) { seen <- d })
	if err != nil {
		t.Fatal(err)
	}
	for range waiting {
		if d := <-seen; d.Redelivered {
			n++
		}
	}
	if err := consumer.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if err := s.Close(context.Background()); err != nil {
		t.Error(err)
	}
	return n
}
