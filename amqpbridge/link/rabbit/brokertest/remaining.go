package brokertest

import (
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"registrar/amqpbridge/link"
)

// Left returns what is in a queue and stays there, in its order: what its consumers have not acknowledged. It waits until the last of them has gone, a minute at
// most; of a delivery it has the body and whether it was handed out before. There may be 65,535 of them.
func Remaining(tb testing.TB, url, queue string) (left []link.Delivery) {
	tb.Helper()
	conn, err := amqp.Dial(url)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // which puts back what was taken
	ch, err := conn.Channel()
	if err != nil {
		tb.Fatal(err)
	}
	n := unconsumed(tb, ch, queue)
	if n == 0 {
		return nil
	}
	// One consumer takes all of them: what was got one by one comes back in any order.
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
			tb.Fatalf("%d of %d messages of %s", len(left), n, queue)
		}
		left = append(left, link.Delivery{Body: d.Body, Redelivered: d.Redelivered})
	}
	return left
}

// unconsumed waits until nobody consumes a queue and returns how many messages are in it.
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
