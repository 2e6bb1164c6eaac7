package supervisor_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"registrar/actors/directory"
	"registrar/supervisor"
)

// Strangers ask for ever new names, in realms that there are and that there are not, and register with them: no actor stays for it and memory stays
// flat. REGISTRAR_TEST_FLOOD makes it last longer than three seconds.
func TestFloodOfStrangers(t *testing.T) {
	b := newLoopbed(t, func(c *supervisor.Config) { c.Guests = directory.GuestLimits{Realm: 50, All: 200} })
	b.provision("acme.test", "100", nil)
	lasts := 3 * time.Second
	if text := os.Getenv("REGISTRAR_TEST_FLOOD"); text != "" {
		var err error
		if lasts, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
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
	flood(lasts / 3)
	first, early := heap(), n
	flood(lasts * 2 / 3)
	grown := heap() - first
	t.Logf("%d strangers, %d of them after the first look; the heap has grown by %d KiB since: %v", n, n-early, grown>>10, b.server.Counts())
	if grown > 8<<20 {
		t.Errorf("the heap has grown by %d bytes", grown)
	}
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

// keepsUp asks a question and reports whether it was answered: one of a flood may be shed.
func (b *loopbed) keepsUp() bool {
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
