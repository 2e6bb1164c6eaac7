package amqpbridge_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/credential"
	"registrar/actors/directory"
	"registrar/actors/otp"
	"registrar/actors/otp/otptest"
	"registrar/actors/registration"
	"registrar/amqpbridge"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/memory"
	"registrar/amqpbridge/wire"
)

func TestMain(m *testing.M) { otptest.Main(m) }

// testbed is a bridge between an in-memory broker and actors on a fake store.
type testbed struct {
	*amqpbridge.Bridge
	t      *testing.T
	broker *memory.Broker
	set    amqpbridge.Settings
	// refusePublishing refuses the publishing connection.
	refusePublishing atomic.Bool
	// beforePublish, if not nil, runs before each unconfirmed publish.
	beforePublish func()
	// refuseConfirmed fails each confirmed publish.
	refuseConfirmed atomic.Bool
	// ahead is the number of nanoseconds that the bridge's clock is ahead.
	ahead atomic.Int64
}

// newTestbed prepares a testbed without a canary. Requests do not expire in its queues, however
// busy the machine is. Change its settings before start.
func newTestbed(t *testing.T) *testbed {
	t.Helper()
	b := &testbed{t: t, broker: memory.New(), set: amqpbridge.DefaultSettings()}
	b.set.Canary, b.set.QueueTTL = 0, time.Hour
	return b
}

// start starts the bridge and waits until it is ready.
func (b *testbed) start() {
	b.t.Helper()
	clock := func() time.Time { return time.Now().Add(time.Duration(b.ahead.Load())) }
	b.Bridge = newBridge(b.t, b, b.set, clock)
	awaitReady(b.t, b.Bridge)
}

// losePublishing ends the publishing connection and refuses it from now on.
func (b *testbed) losePublishing() {
	b.t.Helper()
	b.refusePublishing.Store(true)
	b.broker.Cut("publishing")
	until(b.t, "down", func() bool { return len(b.Reasons()) > 0 })
}

// count returns how often a component counted an outcome.
func (b *testbed) count(component, outcome string) uint64 { return count(b.Bridge, component, outcome) }

// connect connects a client.
func (b *testbed) connect() *client.Conn {
	b.t.Helper()
	return connect(b.t, b.broker)
}

// publish publishes a body through a client.
func (b *testbed) publish(c *client.Conn, exchange, key, body string) {
	b.t.Helper()
	if err := c.Publish(b.t.Context(), exchange, key, []byte(body)); err != nil {
		b.t.Fatal(err)
	}
}

// consume receives n messages of a queue.
func (b *testbed) consume(queue string, n int) (all []link.Delivery) {
	b.t.Helper()
	session, err := b.broker.Dial(b.t.Context(), "test")
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = session.Close(context.Background()) }()
	in := make(chan link.Delivery, n)
	spec := link.ConsumerSpec{Queue: queue, Tag: "test", Prefetch: n}
	if _, err := session.Consume(b.t.Context(), spec, func(d link.Delivery) { in <- d }); err != nil {
		b.t.Fatal(err)
	}
	for range n {
		all = append(all, otptest.Receive(b.t, "message", in))
	}
	return all
}

// Dial connects the bridge.
func (b *testbed) Dial(ctx context.Context, name string) (link.Session, error) {
	if name == "publishing" && b.refusePublishing.Load() {
		return nil, fmt.Errorf("test: %w", link.ErrRefused)
	}
	session, err := b.broker.Dial(ctx, name)
	if err != nil || name != "publishing" {
		return session, err
	}
	return &testbedSession{session, b}, nil
}

type testbedSession struct {
	link.Session
	bed *testbed
}

func (s *testbedSession) Publisher(ctx context.Context, spec link.PublisherSpec) (link.Publisher, error) {
	p, err := s.Session.Publisher(ctx, spec)
	return &testbedPublisher{p, s.bed}, err
}

type testbedPublisher struct {
	link.Publisher
	bed *testbed
}

func (p *testbedPublisher) Publish(ctx context.Context, m link.Publishing) error {
	if p.bed.beforePublish != nil {
		p.bed.beforePublish()
	}
	return p.Publisher.Publish(ctx, m)
}

func (p *testbedPublisher) PublishConfirmed(ctx context.Context, m link.Publishing, done func(error)) {
	if p.bed.refuseConfirmed.Load() {
		done(link.ErrRefused)
		return
	}
	p.Publisher.PublishConfirmed(ctx, m, done)
}

// newBridge starts a bridge and the actors behind it. It does not wait until the bridge is ready.
func newBridge(
	t *testing.T, d link.Dialer, set amqpbridge.Settings, now func() time.Time,
) *amqpbridge.Bridge {
	t.Helper()
	sys, s := otp.NewSystem(), &store{}
	users, realms := directory.NewUsers(sys), otp.NewRef[credential.RealmsMessage](sys, "realms")
	b := amqpbridge.New(amqpbridge.Spec{
		System: sys, Dialer: d, Settings: set, Sender: wire.Sender{App: "registrar"},
		Realms: realms, Users: users, Now: now, Started: now(), Log: zerolog.Nop(),
	})
	children := users.Children(directory.Env{
		Store: s, Limits: registration.DefaultLimits(), Now: time.Now, ExpiryInterval: time.Hour, PruneBatch: 1,
		Intensity: 100, Period: time.Minute, CoolDown: time.Second,
	})
	behaviour := func() otp.Behaviour[credential.RealmsMessage] {
		return credential.NewRealms(credential.Env{Store: s, MaxCache: 1})
	}
	children = append(children, otp.ChildSpec{ID: "realms", Start: otp.Worker(realms, behaviour)})
	spec := otp.SupSpec{Children: append(children, b.Children()...)}
	app, err := otp.Start(context.Background(), sys, "test", spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := app.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return b
}

func connect(t *testing.T, d link.Dialer) *client.Conn {
	t.Helper()
	c, err := client.Connect(t.Context(), d, client.Config{Name: "client", Generation: wire.Kazoo5})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// report reports a registration of a user in acme.test.
func report(t *testing.T, c *client.Conn, user string) {
	t.Helper()
	r := client.Registration{Realm: "acme.test", User: user, Contact: "sip:a@b", Expires: time.Hour}
	if err := c.Report(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

func awaitReady(t *testing.T, b *amqpbridge.Bridge) {
	t.Helper()
	until(t, "ready", func() bool { return len(b.Reasons()) == 0 })
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	if !otptest.Eventually(ok) {
		t.Fatalf("not %s in time", what)
	}
}

func count(b *amqpbridge.Bridge, component, outcome string) uint64 {
	for _, c := range b.Outcomes() {
		if c.Component == component && c.Outcome == outcome {
			return c.N
		}
	}
	return 0
}

// retries returns how often a consumer retried a job.
func (b *testbed) retries(consumer string) uint64 {
	for _, c := range b.Retries() {
		if c.Component == consumer {
			return c.N
		}
	}
	return 0
}
