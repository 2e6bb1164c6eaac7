package supervisor_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/otp/otptest"
	"registrar/actors/trace"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/wire"
	"registrar/supervisor/traceview"
	"registrar/supervisor/traceview/otlp"
)

// chart draws the recorded events that the filter selects.
func (b *testbed) chart(f trace.Filter) string {
	b.t.Helper()
	var out bytes.Buffer
	if err := traceview.Text(&out, trace.Select(b.server.Recorder().Snapshot(trace.Filter{}), f)); err != nil {
		b.t.Fatal(err)
	}
	return out.String()
}

// inOrder reports the first of the steps that is not behind the one before it.
func inOrder(chart string, steps ...string) error {
	rest := chart
	for _, step := range steps {
		_, after, ok := strings.Cut(rest, step)
		if !ok {
			return fmt.Errorf("no %q behind what comes before it in\n%s", step, chart)
		}
		rest = after
	}
	return nil
}

// A user's filter selects a registration from its delivery to its outcome, through every process.
// A Msg-ID selects an authn in the same way.
func TestTraceOfOneMessage(t *testing.T) {
	b := newTestbed(t)
	b.start()
	b.provision(realm, "100", "secret")
	sw := b.connect("switch", wire.Kazoo5)
	report := client.Registration{Realm: realm, User: "100", Contact: `"Desk" <` + phone + `>`, Expires: time.Hour}
	if err := sw.Report(within(t, otptest.Timeout), report); err != nil {
		t.Fatal(err)
	}
	user := trace.Filter{User: "100", Realm: realm}
	steps := []string{
		"delivery 100@" + realm, "directory.Deliver", "start", "registration.Register", "persistence.writeOp 100@" + realm + " put", "commit", "registration.committed",
		"amqpbridge.answered 100@" + realm,
	}
	b.until("told", func() bool { return inOrder(b.chart(user), steps...) == nil })
	t.Log("\n" + b.chart(user))
	authn(t, sw, wire.Kazoo5)
	var asked trace.Event
	for _, e := range b.server.Recorder().Snapshot(trace.Filter{Kinds: []trace.Kind{trace.Delivery}, User: "100"}) {
		if e.Text == "authn_req" {
			asked = e
		}
	}
	question := trace.Filter{MsgID: asked.MsgID}
	b.until("published", func() bool { return inOrder(b.chart(question), "publish "+asked.MsgID) == nil })
	t.Log("\n" + b.chart(question))
	if err := inOrder(b.chart(question), "delivery", "credential.Ask", "credential.Lookup", "amqpbridge.answered", "amqpbridge.publishMessage "+asked.MsgID, "publish "+asked.MsgID+" answer"); err != nil {
		t.Error(err)
	}
}

// A user's actor is killed between its decision and its commit. The next incarnation gets the
// delivery, and the trace shows both. The crash report outlives a restart of the registrar.
func TestTraceOfCrashDuringRegistration(t *testing.T) {
	b := newTestbed(t)
	b.start()
	b.provision(realm, "100", "secret")
	sw := b.connect("switch", wire.Kazoo5)
	report := client.Registration{Realm: realm, User: "100", Contact: `"Desk" <` + phone + `>`, Expires: time.Hour}
	if err := sw.Report(within(t, otptest.Timeout), report); err != nil {
		t.Fatal(err)
	}
	b.until("registered", func() bool { return b.outcomes("registrations", "registered") == 1 })
	const writer, actor = "registrations/writer", "user/100@" + realm
	if err := b.server.Suspend(writer); err != nil {
		t.Fatal(err)
	}
	if err := sw.Report(within(t, otptest.Timeout), report); err != nil {
		t.Fatal(err)
	}
	b.until("on its way to the disk", func() bool {
		info, err := b.server.Inspect(t.Context(), actor)
		return err == nil && strings.Contains(fmt.Sprintf("%+v", info.BehaviourState), "Writing:true")
	})
	if err := b.server.Kill(actor); err != nil {
		t.Fatal(err)
	}
	b.until("started again", func() bool { return b.server.Restarts() == 1 })
	if err := b.server.Resume(writer); err != nil {
		t.Fatal(err)
	}
	b.until("refreshed", func() bool {
		return b.outcomes("registrations", "refreshed")+b.outcomes("registrations", "duplicate") == 1
	})
	user := trace.Filter{User: "100", Realm: realm}
	b.until("told", func() bool {
		return inOrder(b.chart(user), "registration.committed", "registration.Register", "crash", "restart", "registration.Register", "amqpbridge.answered") == nil
	})
	t.Log("\n" + b.chart(user))
	onlyReport := func() trace.CrashReport {
		t.Helper()
		all, err := b.server.Crashes(within(t, otptest.Timeout))
		if err != nil || len(all) != 1 {
			t.Fatalf("%d crash reports, %v", len(all), err)
		}
		return all[0]
	}
	b.until("crash report stored", func() bool {
		all, err := b.server.Crashes(within(t, otptest.Timeout))
		return err == nil && len(all) == 1
	})
	crash := onlyReport()
	var text bytes.Buffer
	if err := traceview.WriteCrashReport(&text, &crash); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"process  " + actor, otp.ErrKilled.Error(), "Writing:true", "registration.Register", "✖", "goroutine "} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
	b.stop()
	b.start()
	if again := onlyReport(); again.ID != crash.ID || again.Stack != crash.Stack || len(again.Events) != len(crash.Events) {
		t.Errorf("after a restart of the registrar: %+v", again)
	}
}

// A marked secret passes through every process, crashes included. It appears in no recorded event
// in any format, no crash report, log, metric or tree, and in no state that a process shows.
func TestSecretsAreRecordedNowhere(t *testing.T) {
	const mark = "hush-7f3a"
	b := newTestbed(t)
	var log lockedBuffer
	b.cfg.Log = zerolog.New(&log).Level(zerolog.TraceLevel)
	b.cfg.Admin = freeAddr(t)
	b.start()
	key, err := domain.ParseKey(realm, "100")
	if err != nil {
		t.Fatal(err)
	}
	hide := func(s string) []domain.Credential {
		return []domain.Credential{{Key: key, Method: domain.Password, Secret: domain.NewSecret(s), CCV: []byte(`{"Account-ID":"a1"}`)}}
	}
	if _, err := b.server.Import(t.Context(), hide(mark)); err != nil {
		t.Fatal(err)
	}
	sw := b.connect("switch", wire.Kazoo5)
	ask := func() {
		t.Helper()
		m, err := sw.Authn(within(t, otptest.Timeout), realm, "100")
		if r, ok := m.(*wire.AuthnResponse); err != nil || !ok || !strings.HasPrefix(r.Password.Reveal(), mark) {
			t.Fatalf("%v, %v", m, err)
		}
	}
	ask()
	for _, process := range []string{"realm/" + realm, "realms", "credentials/writer", "bridge/authn", "bridge/publisher", "credentials/reader/0"} {
		told := b.crashReports()
		if err := b.server.Kill(process); err != nil {
			t.Fatal(err)
		}
		b.until("told", func() bool { return b.crashReports() > told })
		b.until("healed", func() bool { ok, _ := b.server.Ready(); return ok })
	}
	if _, err := b.server.Import(t.Context(), hide(mark+"-2")); err != nil {
		t.Fatal(err)
	}
	ask()
	found := map[string]string{"log": log.String()}
	_, found["metrics"] = b.get("/metrics")
	_, found["readiness"] = b.get("/readyz")
	crashes, err := b.server.Crashes(within(t, otptest.Timeout))
	if err != nil {
		t.Fatal(err)
	}
	found["crash reports"] = asJSON(t, crashes)
	tree := b.server.Tree()
	found["tree"] = asJSON(t, tree)
	b.look(tree, found)
	events := b.server.Recorder().Snapshot(trace.Filter{})
	for name, form := range map[string]func(io.Writer, []trace.Event) error{
		"chart": traceview.Text, "mermaid": traceview.Mermaid, "svg": traceview.SVG, "perfetto": traceview.Perfetto, "shiviz": traceview.ShiViz, "events": trace.WriteLines,
	} {
		var out bytes.Buffer
		if err := form(&out, events); err != nil {
			t.Fatal(err)
		}
		found[name] = out.String()
	}
	found["collector"] = collected(t, events)
	for where, text := range found {
		if len(text) < 3 {
			t.Errorf("%s has nothing in it", where)
		}
		if i := strings.Index(text, mark); i >= 0 {
			t.Errorf("a secret in %s: ...%s...", where, text[max(0, i-200):min(len(text), i+50)])
		}
	}
}

// collected holds the events that a collector received.
func collected(t *testing.T, events []trace.Event) string {
	t.Helper()
	var got lockedBuffer
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(r.Body)
			if err != nil {
				t.Error(err)
				return
			}
			in = z
		}
		if _, err := io.Copy(&got, in); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	defer s.Close()
	if err := otlp.Send(t.Context(), s.URL+"/v1/traces", events); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got.String(), "credential.Lookup") {
		t.Error("the collector has not got what was recorded")
	}
	return got.String()
}

// crashReports counts the stored crash reports.
func (b *testbed) crashReports() int {
	all, err := b.server.Crashes(within(b.t, otptest.Timeout))
	if err != nil {
		b.t.Error(err)
	}
	return len(all)
}

// look adds the state that each process shows.
func (b *testbed) look(n otp.Node, found map[string]string) {
	b.t.Helper()
	info, err := b.server.Inspect(within(b.t, otptest.Timeout), n.Name)
	if err != nil {
		b.t.Error(err)
	}
	found[n.Name] = fmt.Sprintf("%+v", info)
	for _, k := range n.Children {
		b.look(k, found)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// lockedBuffer is a buffer that many goroutines write.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
