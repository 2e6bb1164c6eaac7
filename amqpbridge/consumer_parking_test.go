package amqpbridge_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// malformed is a reg_success without its required fields.
const malformed = `{"Event-Name":"reg_success"}`

// A message that cannot be parked is parked later, for its first reason: a request does not
// exceed its deadline meanwhile, and a report does not crash its actor again.
func TestParkingIsRetried(t *testing.T) {
	b := newTestbed(t)
	b.start()
	c := b.connect()
	b.refuseConfirmed.Store(true)
	b.publish(c, "registrar", "authn.endpoint.req.a", malformed)
	b.publish(c, "registrar", "registration.success.a.b", malformed)
	report(t, c, "poison")
	crashes := uint64(b.set.MaxCrashes)
	until(t, "retried", func() bool {
		return b.retries("authn") > 0 && b.retries("registrations") >= crashes-1+2
	})
	b.refuseConfirmed.Store(false)
	until(t, "parked", func() bool {
		return b.count("authn", "malformed_missing_field") == 1 &&
			b.count("registrations", "malformed_missing_field") == 1 && b.count("registrations", "poison") == 1
	})
	for _, d := range b.consume(b.set.MalformedQueue, 2) {
		if reason := fmt.Sprint(d.Headers["x-registrar-reason"]); !strings.Contains(reason, "missing_field") {
			t.Errorf("parked with reason %q", reason)
		}
	}
	d := b.consume(b.set.PoisonQueue, 1)[0]
	if fmt.Sprint(d.Headers["x-registrar-tries"]) != strconv.Itoa(b.set.MaxCrashes) {
		t.Errorf("parked with %v", d.Headers)
	}
}

// Malformed messages that wait to be parked take at most a quarter of the prefetch.
func TestWaitingForParkingIsBounded(t *testing.T) {
	b := newTestbed(t)
	b.set.AuthnPrefetch = 4
	b.start()
	c := b.connect()
	b.refuseConfirmed.Store(true)
	for range 10 {
		b.publish(c, "registrar", "authn.endpoint.req.a", malformed)
	}
	until(t, "dropped", func() bool { return b.count("authn", "malformed_missing_field_dropped") == 9 })
	b.refuseConfirmed.Store(false)
	until(t, "parked", func() bool { return b.count("authn", "malformed_missing_field") == 1 })
}
