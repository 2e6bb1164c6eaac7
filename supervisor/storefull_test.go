package supervisor_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"registrar/actors/domain"
	"registrar/supervisor"
)

// A full store shows on readiness. Requests are answered, registrations stay unacknowledged, and
// all of them are stored once there is space: none is lost.
func TestFullStore(t *testing.T) {
	b := newMemoryBed(t, func(c *supervisor.Config) { c.MaxStore = 1 })
	register := func(i int) {
		b.publish(kazoo4Report, regSuccess.with(fields{
			"Username": strconv.Itoa(i), "Contact": fmt.Sprintf("<sip:%d@192.0.2.1>", i), "User-Agent": strings.Repeat("x", 8000), "Event-Timestamp": unixStamp + int64(i),
		}))
	}
	n := 0
	for ready := true; ready; n++ {
		register(n)
		b.until("stored or full", func() bool { ready, _ = b.server.Ready(); return !ready || b.outcomes()["registered"] > uint64(n) })
	}
	for range 5 { // and some more that have to wait
		register(n)
		n++
	}
	if _, reasons := b.server.Ready(); !strings.Contains(reasons[0], "registrations.db: the file has reached its maximum size (1 MiB)") {
		t.Errorf("not ready because of %q", reasons)
	}
	b.equal("shown", b.contact("acme.test", "0"), "sip:0@192.0.2.1")
	for i := range 20 { // room
		if _, err := b.server.Flush(t.Context(), "acme.test", domain.User(strconv.Itoa(i))); err != nil {
			t.Fatal("not refused with what does not fit:", err)
		}
	}
	b.until("stored", func() bool {
		for i := 20; i < n; i++ {
			rec, err := b.server.Registration(t.Context(), domain.Key{Realm: "acme.test", User: domain.User(strconv.Itoa(i))})
			if err != nil || len(rec.Bindings) != 1 {
				return false
			}
		}
		return true
	})
	b.until("ready again", func() bool { ok, _ := b.server.Ready(); return ok })
}

// More new phones than the prefetch find the store full. Refreshes and unregistrations still
// succeed, and the other registrations are parked.
func TestFullStoreTakesRefreshes(t *testing.T) {
	b := newMemoryBed(t, func(c *supervisor.Config) { c.MaxStore, c.Bridge.RegistrationPrefetch = 1, 10 })
	seconds := int64(0)
	report := func(user int, with fields) {
		seconds++
		b.publish(kazoo4Report, regSuccess.with(fields{
			"Username": strconv.Itoa(user), "Contact": fmt.Sprintf("<sip:%d@192.0.2.1>", user), "User-Agent": strings.Repeat("x", 8000), "Event-Timestamp": unixStamp + seconds,
		}).with(with))
	}
	n := 0
	for ready := true; ready; n++ {
		report(n, nil)
		b.until("stored or full", func() bool { ready, _ = b.server.Ready(); return !ready || b.outcomes()["registered"] > uint64(n) })
	}
	for i := range 20 {
		report(n+i, nil)
	}
	b.until("parked", func() bool { return b.outcomes()["store_full"] >= 18 })
	report(0, nil)
	b.until("refreshed", func() bool { return b.outcomes()["refreshed"] == 1 })
	report(1, fields{"Expires": 0})
	b.until("removed", func() bool { return b.outcomes()["removed"] == 1 })
	b.equal("gone", b.contact("acme.test", "1"), "")
	for i := range 20 { // space for the unacknowledged registrations
		if _, err := b.server.Flush(t.Context(), "acme.test", domain.User(strconv.Itoa(i))); err != nil {
			t.Fatal(err)
		}
	}
}
