package amqpbridge_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"registrar/actors/otp"
	"registrar/actors/otp/otptest"
)

// A registration that crashes its actor is handed to the next incarnation. It counts if one of
// them applies it; after MaxCrashes it is parked with the reason. Registrations of others are
// unaffected.
func TestCrashingRegistrationIsRetriedThenParked(t *testing.T) {
	b := newTestbed(t)
	b.start()
	c := b.connect()
	for _, user := range []string{"one", "poison", "two", "shaky", "three"} {
		report(t, c, user)
	}
	until(t, "settled", func() bool {
		return b.count("registrations", "registered") == 4 && b.count("registrations", "poison") == 1
	})
	until(t, "acknowledged", func() bool {
		ready, unacked := b.broker.Depth(b.set.RegistrationQueue)
		return ready+unacked == 0
	})
	d := b.consume(b.set.PoisonQueue, 1)[0]
	reason, tries := fmt.Sprint(d.Headers["x-registrar-reason"]), fmt.Sprint(d.Headers["x-registrar-tries"])
	if !strings.Contains(string(d.Body), `"poison"`) || !strings.Contains(reason, "crash of the registration actor") ||
		tries != strconv.Itoa(b.set.MaxCrashes) {
		t.Errorf("parked %s with %v", d.Body, d.Headers)
	}
}

// A drained consumer finishes and acknowledges its deliveries and takes no more.
func TestDrain(t *testing.T) {
	b := newTestbed(t)
	b.start()
	c := b.connect()
	reports := func(n int) {
		t.Helper()
		for i := range n {
			report(t, c, strconv.Itoa(i))
		}
	}
	reports(200)
	drained := make(chan error, len(b.Consumers()))
	b.Drain(otp.External("test"), func(_ string, err error) { drained <- err })
	for _, name := range b.Consumers() {
		if err := otptest.Receive(t, name+" drained", drained); err != nil {
			t.Fatal(err)
		}
	}
	settled := b.count("registrations", "registered") + b.count("registrations", "duplicate")
	reports(5)
	ready, unacked := b.broker.Depth(b.set.RegistrationQueue)
	if uint64(ready) != 205-settled || unacked != 0 {
		t.Errorf("%d ready and %d unacknowledged after 205 reports and %d outcomes", ready, unacked, settled)
	}
}
