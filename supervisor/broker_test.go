package supervisor_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/otp/otptest"
	"registrar/actors/trace"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/link/rabbit/brokertest"
	"registrar/amqpbridge/wire"
	"registrar/supervisor"
)

// The server starts without a broker and says so, connects when one appears, survives its kill -9
// and loses no acknowledged registration.
func TestBrokerComesAndGoes(t *testing.T) {
	n := brokertest.Node(t)
	b := newTestbed(t)
	b.cfg.Admin = freeAddr(t)
	n.Kill()
	b.cfg.Link = b.dialer()
	s, err := supervisor.Start(context.Background(), b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	b.server = s
	b.until("known to be unreachable", func() bool {
		code, text := b.get("/readyz")
		return code == http.StatusServiceUnavailable && strings.Contains(text, "consuming: ") && strings.Contains(text, "refused")
	})
	if code, text := b.get("/healthz"); code != http.StatusOK || text != "ok\n" {
		t.Errorf("/healthz: %d %q", code, text)
	}
	ready := func() { b.until("ready", func() bool { code, _ := b.get("/readyz"); return code == http.StatusOK }) }
	restart := func() {
		t.Helper()
		if err := n.Restart(context.Background()); err != nil {
			t.Fatal(err)
		}
		ready()
	}
	restart()
	b.provision(realm, "100", "secret")
	sw := b.connect("switch", wire.Kazoo5)
	err = sw.Report(within(t, otptest.Timeout), client.Registration{Realm: realm, User: "100", Contact: `"Desk" <` + phone + `>`, Expires: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	b.until("registered", func() bool { return has(b.server.Counts(), "registrations", "registered") })
	// RabbitMQ writes the directory of its quorum queues every 500 ms; one that is killed before
	// that is never led again.
	if _, err := n.Ctl(t.Context(), "eval", "dets:sync(ra_directory_reverse)."); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	n.Kill()
	b.until("not ready", func() bool { ok, _ := b.server.Ready(); return !ok })
	b.until("visible in the metrics", func() bool {
		_, text := b.get("/metrics")
		return strings.Contains(text, `registrar_component_up{component="consuming"} 0`) && strings.Contains(text, "registrar_ready 0")
	})
	restart()
	chart := b.chart(trace.Filter{Process: "bridge/consuming", Since: killed})
	t.Log("\n" + chart)
	if err := inOrder(chart, "amqpbridge.lost", "amqpbridge.redial", "amqpbridge.dialed", "amqpbridge.sessionChanged", "amqpbridge.subscribed"); err != nil {
		t.Error(err)
	}
	sw = b.connect("switch", wire.Kazoo5)
	authn(t, sw, wire.Kazoo5)
	query(t, sw, wire.Kazoo5)
	if _, text := b.get("/metrics"); !strings.Contains(text, `registrar_messages_total{flow="registrations",outcome="registered"} 1`) ||
		!strings.Contains(text, "registrar_ready 1") || !strings.Contains(text, "go_goroutines") ||
		!strings.Contains(text, `registrar_component_up{component="registrations"} 1`) || !strings.Contains(text, `registrar_component_up{component="registrations.db"} 1`) ||
		!strings.Contains(text, `registrar_store_commits_total{file="credentials.db"} 1`) {
		t.Errorf("/metrics:\n%.2000s", text)
	}
}

func (b *testbed) get(path string) (int, string) {
	b.t.Helper()
	resp, err := http.Get("http://" + b.cfg.Admin + path)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()
	return resp.StatusCode, string(text)
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// What cannot be read is set aside with its reason, and the next message is served.
func TestRubbishIsParked(t *testing.T) {
	b := newTestbed(t)
	b.start()
	b.provision(realm, "100", "secret")
	sw := b.connect("switch", wire.Kazoo5)
	rubbish := []string{
		`{`, `[]`, `{"Event-Name":"reg_success"}`, `{"Event-Name":"call_event"}`, strings.Repeat("[", 5000), "",
		`{"Event-Category":"directory","Event-Name":"authn_resp","Msg-ID":"x"}`, "\x00\xff",
	}
	for _, kind := range []string{"registration.success.a.b", "registration.query.a.b", "authn.endpoint.req.a"} {
		for _, body := range rubbish {
			if err := sw.Publish(within(t, otptest.Timeout), "registrar", kind, []byte(body)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, flow := range []string{"authn", "registrations", "queries"} {
		b.until("parked", func() bool {
			var n uint64
			for _, c := range b.server.Counts() {
				if c.Component == flow && strings.HasPrefix(c.Outcome, "malformed_") {
					n += c.N
				}
			}
			return n == uint64(len(rubbish))
		})
	}
	authn(t, sw, wire.Kazoo5)
	reasons := b.drainQueue("registrar.malformed", 3*len(rubbish))
	for _, want := range []string{"not_json", "not_an_object", "missing_field: Realm", "unknown_event: Event-Name", "too_deep"} {
		if reasons[want] < 3 {
			t.Errorf("%d parked as %q, want 3; all: %v", reasons[want], want, reasons)
		}
	}
}

// drainQueue takes n messages off a queue and counts their reasons.
func (b *testbed) drainQueue(queue string, n int) map[string]int {
	b.t.Helper()
	ctx := within(b.t, otptest.Timeout)
	s, err := b.dialer().Dial(ctx, "drain")
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = s.Close(context.Background()) }()
	got := make(chan string, n)
	_, err = s.Consume(ctx, consumerOf(queue, n), func(d delivery) { got <- fmt.Sprint(d.Headers["x-registrar-reason"]) })
	if err != nil {
		b.t.Fatal(err)
	}
	reasons := map[string]int{}
	for range n {
		select {
		case r := <-got:
			reasons[r]++
		case <-ctx.Done():
			b.t.Fatalf("not all of %d were parked: %v", n, reasons)
		}
	}
	return reasons
}

// Exchanges that somebody has declared otherwise are used as they are.
func TestExchangesOfOthers(t *testing.T) {
	b := newTestbed(t)
	for name, kind := range map[string]string{"callmgr": "topic", "registrar": "topic", "notifications": "topic", "presence": "topic", "targeted": "direct"} {
		brokertest.Exchange(t, b.url, name, kind)
	}
	var log lockedBuffer
	b.cfg.Log = zerolog.New(&log)
	b.start()
	b.provision(realm, "100", "secret")
	sw := b.connect("switch", wire.Kazoo5)
	authn(t, sw, wire.Kazoo5)
	err := sw.Report(within(t, otptest.Timeout), client.Registration{Realm: realm, User: "100", Contact: `"Desk" <` + phone + `>`, Expires: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	b.until("registered", func() bool { return b.outcomes("registrations", "registered") == 1 })
	query(t, sw, wire.Kazoo5)
	for _, name := range []string{"callmgr", "registrar", "notifications", "presence", "targeted"} {
		if want := `"exchange":"` + name + `"`; !strings.Contains(log.String(), want) {
			t.Errorf("no %s in %s", want, log.String())
		}
	}
}

// An asker that has gone before its answer came is counted, and nobody else notices.
func TestAskerGone(t *testing.T) {
	b := newTestbed(t)
	b.start()
	b.provision(realm, "100", "secret")
	sw := b.connect("switch", wire.Kazoo5)
	exchange, key, _ := strings.Cut(kazoo5Authn, " ")
	body, err := json.Marshal(authnReq.with(fields{"Msg-ID": "m", "Server-ID": "gone"}))
	if err != nil {
		t.Fatal(err)
	}
	if err := sw.Publish(within(t, otptest.Timeout), exchange, key, body); err != nil {
		t.Fatal(err)
	}
	b.until("counted", func() bool { return b.outcomes("publisher", "unroutable") == 1 })
	authn(t, sw, wire.Kazoo5)
	if n := b.outcomes("publisher", "unroutable"); n != 1 {
		t.Errorf("%d askers are gone", n)
	}
}
