package amqpbridge_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"registrar/amqpbridge/client"
)

const incomplete = `{"Event-Name":"reg_success"}`

// What cannot be used while nothing can be put aside is put aside later, for the reason that was found first: a question does not grow late over it, and a
// report does not crash its actor once more.
func TestPutAsideLater(t *testing.T) {
	s := newStage(t)
	s.raise()
	sw := s.connect()
	s.full.Store(true)
	s.put(sw, "registrar", "authn.endpoint.req.a", incomplete)
	s.put(sw, "registrar", "registration.success.a.b", incomplete)
	if err := sw.Report(t.Context(), client.Registration{Realm: "acme.test", User: "poison", Contact: "sip:a@b", Expires: time.Hour}); err != nil {
		t.Fatal(err)
	}
	crashes := uint64(s.set.MaxCrashes)
	until(t, "tried to put aside", func() bool {
		return s.retries("authn") > 0 && s.retries("registrations") >= crashes-1+2
	})
	s.full.Store(false)
	until(t, "put aside", func() bool {
		return s.Tally.Get("authn", "malformed_missing_field") == 1 && s.Tally.Get("registrations", "malformed_missing_field") == 1 &&
			s.Tally.Get("registrations", "poison") == 1
	})
	for _, d := range s.take(s.set.MalformedQueue, 2) {
		if reason := fmt.Sprint(d.Headers["x-registrar-reason"]); !strings.Contains(reason, "missing_field") {
			t.Errorf("put aside because of %q", reason)
		}
	}
	if d := s.take(s.set.PoisonQueue, 1)[0]; fmt.Sprint(d.Headers["x-registrar-tries"]) != strconv.Itoa(s.set.MaxCrashes) {
		t.Errorf("put aside with %v", d.Headers)
	}
}

// What cannot be read and finds no place fills no more than a quarter of the prefetch.
func TestLittleWaitsForItsPlaceAside(t *testing.T) {
	s := newStage(t)
	s.set.AuthnPrefetch = 4
	s.raise()
	sw := s.connect()
	s.full.Store(true)
	for range 10 {
		s.put(sw, "registrar", "authn.endpoint.req.a", incomplete)
	}
	until(t, "dropped", func() bool { return s.Tally.Get("authn", "malformed_missing_field_dropped") == 9 })
	s.full.Store(false)
	until(t, "put aside", func() bool { return s.Tally.Get("authn", "malformed_missing_field") == 1 })
}
