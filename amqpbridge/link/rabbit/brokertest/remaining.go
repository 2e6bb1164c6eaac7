package brokertest

import (
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"registrar/amqpbridge/link"
)

// Remaining returns the messages in a queue, in their order, and leaves them there. It waits up
// to a minute until the queue has no consumer. Only Body and Redelivered of the deliveries are
// set. At most 65,535 messages are returned.
func Remaining(tb testing.TB, url, queue string) (remaining []link.Delivery) {
	tb.Helper()
	conn, err := amqp.Dial(url)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // requeues the messages
	ch, err := conn.Channel()
	if err != nil {
		tb.Fatal(err)
	}
	n := unconsumed(tb, ch, queue)
	if n == 0 {
		return nil
	}
	// One consumer takes all of them: messages taken with basic.get are requeued in any order.
	if err := ch.Qos(n, 0, false); err != nil {
		tb.Fatal(err)
	}
	deliveries, err := ch.ConsumeWithContext(tb.Context(), queue, "", false, false, false, false, nil)
	if err != nil {
		tb.Fatal(err)
	}
	for range n {
		d, open := <-deliveries
		if !open {
			tb.Fatalf("%d of %d messages of %s", len(remaining), n, queue)
		}
		remaining = append(remaining, link.Delivery{Body: d.Body, Redelivered: d.Redelivered})
	}
	return remaining
}

// unconsumed waits until a queue has no consumer and returns the number of its messages.
func unconsumed(tb testing.TB, ch *amqp.Channel, queue string) int {
	tb.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); ; <-tick.C {
		q, err := ch.QueueDeclarePassive(queue, true, false, false, false, nil)
		if err != nil {
			tb.Fatal(err)
		}
		if q.Consumers == 0 {
			return q.Messages
		}
		if time.Now().After(deadline) {
			tb.Fatalf("%s is still consumed", queue)
		}
	}
}
