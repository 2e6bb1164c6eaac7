package supervisor_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"registrar/supervisor"
)

// journal collects log lines.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// hostile returns malformed messages, each with a marked secret.
func hostile() [][]byte {
	out := [][]byte{
		nil, []byte("\x00\xff\xfe"), []byte(`null`), []byte(`"s3cret"`), []byte(`{"Event-Name":`), []byte(strings.Repeat("[", 60_000)),
		[]byte(`{"Event-Name":"reg_success","Realm":"s3cret"}`), bytes.Repeat([]byte("x"), 70_000),
		[]byte(`{"Event-Name":"authn_resp","Auth-Password":"s3cret","Msg-ID":"m"}`),
		[]byte(`{"Event-Name":"authn_req","Auth-User":{"a":"s3cret"},"Auth-Realm":["s3cret"],"To":1,"From":2,"Msg-ID":3}`),
	}
	for field, bad := range map[string]any{
		"Expires": "s3cret", "Event-Timestamp": []string{"s3cret"}, "Contact": map[string]any{"s3cret": 1}, "Realm": "a\x00s3cret", "Username": "",
	} {
		b, err := json.Marshal(regSuccess.with(fields{field: bad}))
		if err == nil {
			out = append(out, b)
		}
	}
	return out
}

// TestMalformedFlood floods every routing key with unusable messages. Each is counted by its
// reason, a bounded number is parked, each reason is logged once a minute without values of the
// message, and other work continues.
func TestMalformedFlood(t *testing.T) {
	t.Parallel()
	var log journal
	b := newMemoryBed(t, func(c *supervisor.Config) {
		c.Log = zerolog.New(&log)
		c.Bridge.MaxParked = 100
	})
	b.provision("acme.test", "100", nil)
	b.report(kazoo4Report, regSuccess)
	const rounds = 40
	sent := 0
	for range rounds {
		for _, body := range hostile() {
			for _, to := range []string{whistleAuthn, kazoo5Authn, kazoo4Query, kazoo4Report, flushKey} {
				b.put(to, publishing(body))
				sent++
			}
		}
		b.publish(kazoo5Authn, authnReq.with(fields{"Msg-ID": "m", "Server-ID": peerKey}))
		b.equal("authn", b.event("authn_resp")["Auth-Password"], "s3cret")
	}
	b.equal("a query", b.contact("acme.test", "100"), "sip:100@192.0.2.7:5060")
	refused := func() (n uint64, kinds int) {
		for _, c := range b.server.Counts() {
			if strings.HasPrefix(c.Outcome, "malformed_") {
				n += c.N
				kinds++
			}
		}
		return n, kinds
	}
	b.until("all counted", func() bool { n, _ := refused(); return n == uint64(sent) })
	if ready, _ := b.broker.Depth(b.cfg.Bridge.MalformedQueue); ready != 100 {
		t.Errorf("%d are set aside, the most is 100", ready)
	}
	for _, c := range b.server.Counts() {
		if c.Component == "poison" || strings.Contains(c.Outcome, "crash") {
			t.Errorf("counted %+v", c)
		}
	}
	said := log.String()
	lines := strings.Count(said, "message rejected")
	_, kinds := refused()
	if lines == 0 || lines > kinds {
		t.Errorf("%d lines for %d kinds of %d messages", lines, kinds, sent)
	}
	if strings.Contains(said, "s3cret") {
		t.Errorf("a secret is in the log:\n%s", said)
	}
	b.clock.pass(61 * time.Second)
	b.put(kazoo4Report, publishing([]byte("again")))
	suppressed := regexp.MustCompile(`"suppressed":[1-9]`)
	b.until("logged again with the suppressed number", func() bool { return suppressed.MatchString(log.String()) })
	b.equal("tree", b.server.Tree().Restarts, 0)
}
