package supervisor_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/domain"
	"registrar/actors/otp/otptest"
	"registrar/amqpbridge"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/rabbit"
	"registrar/amqpbridge/link/rabbit/brokertest"
	"registrar/amqpbridge/wire"
	"registrar/supervisor"
)

func TestMain(m *testing.M) {
	if kind := os.Getenv(peerEnv); kind != "" {
		os.Exit(runPeer(kind))
	}
	brokertest.Main(m)
}

// full reports whether long campaigns run in full, as in CI; the plain run takes a sample of each.
func full() bool { return os.Getenv("REGISTRAR_TEST_FULL") != "" }

// testbed is a registrar on a real broker and the data directory that it may be started on again.
type testbed struct {
	t      testing.TB
	cfg    supervisor.Config
	server *supervisor.Server
	url    string
}

func newTestbed(tb testing.TB) *testbed {
	tb.Helper()
	b := &testbed{t: tb, url: brokertest.URL(tb)}
	b.cfg = testConfig(tb.TempDir(), nil)
	b.cfg.Log, b.cfg.Bridge = zerolog.New(zerolog.NewTestWriter(tb)).Level(zerolog.InfoLevel), patient()
	tb.Cleanup(b.stop)
	return b
}

// testConfig returns the default configuration without an admin server.
func testConfig(dir string, d link.Dialer) supervisor.Config {
	cfg := supervisor.DefaultConfig()
	cfg.Data, cfg.Link, cfg.Admin = dir, d, ""
	return cfg
}

// patient returns settings for tests that do not test time: a request is answered as long as the
// tests wait, however busy the machine is. All tests may share a broker, so queues with other
// bounds than the default have other names.
func patient() amqpbridge.Settings {
	s := amqpbridge.DefaultSettings()
	s.ReplyDeadline, s.QueueTTL = otptest.Timeout, otptest.Timeout
	s.AuthnQueue, s.QueryQueue = s.AuthnQueue+".patient", s.QueryQueue+".patient"
	return s
}

// start starts the registrar and waits until it is ready.
func (b *testbed) start() {
	b.t.Helper()
	cfg := b.cfg
	if cfg.Link == nil {
		cfg.Link = b.dialer()
	}
	s, err := supervisor.Start(context.Background(), cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	b.server = s
	b.until("ready", func() bool { ok, _ := s.Ready(); return ok })
}

func (b *testbed) stop() {
	if b.server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := b.server.Stop(ctx); err != nil {
		b.t.Error(err)
	}
	b.server = nil
}

// until waits for a condition.
func (b *testbed) until(what string, ok func() bool) {
	b.t.Helper()
	if otptest.Eventually(ok) {
		return
	}
	var reasons []string
	if b.server != nil {
		_, reasons = b.server.Ready()
		b.t.Logf("counts: %v", b.server.Counts())
	}
	b.t.Fatalf("not %s in time: %v", what, reasons)
}

func (b *testbed) dialer() link.Dialer {
	b.t.Helper()
	return rabbit.New(rabbit.Config{URLs: []string{b.url}, Log: b.cfg.Log})
}

func (b *testbed) connect(name string, g wire.Generation) *client.Conn {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), otptest.Timeout)
	defer cancel()
	s, err := client.Connect(ctx, b.dialer(), client.Config{Name: name, Generation: g})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

func (b *testbed) provision(realm, user, password string) {
	b.t.Helper()
	key, err := domain.ParseKey(realm, user)
	if err != nil {
		b.t.Fatal(err)
	}
	_, err = b.server.Import(context.Background(), []domain.Credential{{
		Key: key, Method: domain.Password, Secret: domain.NewSecret(password), AccountID: "account-1", CCV: []byte(`{"Presence-ID":"p1"}`),
	}})
	if err != nil {
		b.t.Fatal(err)
	}
}

func within(tb testing.TB, d time.Duration) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	tb.Cleanup(cancel)
	return ctx
}

func has(counts []amqpbridge.OutcomeCount, flow, outcome string) bool {
	return count(counts, flow, outcome) > 0
}

func count(counts []amqpbridge.OutcomeCount, flow, outcome string) uint64 {
	for _, c := range counts {
		if c.Component == flow && c.Outcome == outcome {
			return c.N
		}
	}
	return 0
}

type delivery = link.Delivery

func consumerOf(queue string, prefetch int) link.ConsumerSpec {
	return link.ConsumerSpec{Queue: queue, Tag: "test", Prefetch: prefetch}
}
