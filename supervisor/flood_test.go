package supervisor_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"registrar/actors/directory"
	"registrar/supervisor"
)

// Requests and registrations with ever new names, in existing and unknown realms: no actor remains
// and memory does not grow. REGISTRAR_TEST_FLOOD sets a longer duration than three seconds.
func TestFloodOfUnknownUsers(t *testing.T) {
	b := newMemoryBed(t, func(c *supervisor.Config) { c.Unprovisioned = directory.UnprovisionedLimits{PerRealm: 50, Total: 200} })
	b.provision("acme.test", "100", nil)
	lasts := 3 * time.Second
	if text := os.Getenv("REGISTRAR_TEST_FLOOD"); text != "" {
		var err error
		if lasts, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	n, start := 0, heap()
	first, most := int64(0), start
	flood := func(d time.Duration) {
		for began := time.Now(); time.Since(began) < d; {
			for range 200 {
				n++
				name, realm := fmt.Sprint("stranger-", n), "acme.test"
				if n%2 == 0 {
					realm = fmt.Sprintf("realm-%d.test", n)
				}
				b.publish(kazoo5Authn, authnReq.with(fields{"Auth-User": name, "Auth-Realm": realm, "Server-ID": "", "Msg-ID": name}))
				b.publish(kazoo4Query, regQuery.with(fields{"Username": name, "Realm": realm, "Server-ID": ""}))
				b.publish(kazoo4Report, regSuccess.with(fields{"Username": name, "Realm": realm, "Contact": "sip:" + name + "@192.0.2.9"}))
			}
			for !b.keepsUp() {
			}
		}
	}
	const slices = 12
	for i := range slices {
		flood(lasts / slices)
		h := heap()
		if most = max(most, h); i == slices/3-1 {
			first = h
		}
		if h > first+8<<20 && first > 0 {
			t.Errorf("after %d/%d of the time the heap has grown by %d bytes since the first third", i+1, slices, h-first)
		}
	}
	t.Logf("%d strangers; the heap in KiB: %d at the start, %d after a third, %d at the end, %d at most; %d MiB in all from the operating system: %v",
		n, start>>10, first>>10, heap()>>10, most>>10, fromSystem()>>20, b.server.Counts())
	if n := count(b.server.Counts(), "registrations", "registered"); n != 200 {
		t.Errorf("%d strangers are registered", n)
	}
	info, err := b.server.Inspect(t.Context(), "realms")
	if err != nil {
		t.Fatal(err)
	}
	if info.Dynamic > 1 {
		t.Errorf("%d realms have actors", info.Dynamic)
	}
}

// fromSystem is the most memory that the process has had from the operating system, in bytes.
func fromSystem() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys
}

// keepsUp sends a request and reports whether it was answered; during a flood it may be shed.
func (b *memoryBed) keepsUp() bool {
	b.Helper()
	b.seq++
	id := fmt.Sprint("flood-", b.seq)
	b.publish("registrar registration.query.fence.fence", fields{
		"Event-Name": "reg_query", "Realm": "fence.test", "Count-Only": true, "Msg-ID": id, "Server-ID": peerKey,
	})
	late := time.NewTimer(time.Second)
	defer late.Stop()
	for {
		select {
		case d := <-b.in:
			b.took(d)
			if strings.Contains(string(d.Body), id) {
				return true
			}
		case <-late.C:
			return false
		}
	}
}
