package supervisor_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/otp/otptest"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/memory"
	"registrar/supervisor"
)

// fields is a JSON object.
type fields map[string]any

// with returns the fields with others in their place; nil takes one away.
func (f fields) with(other fields) fields {
	out := maps.Clone(f)
	for k, v := range other {
		if out[k] = v; v == nil {
			delete(out, k)
		}
	}
	return out
}

// clock is a clock that a test sets: the wall and the monotonic one apart. Timers of the engine
// run on real time.
type clock struct {
	mu         sync.Mutex
	wall, mono time.Duration
}

func epoch() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return epoch().Add(c.wall)
}

func (c *clock) Mono() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mono
}

func (*clock) AfterFunc(d time.Duration, f func()) otp.Timer { return time.AfterFunc(d, f) }

// pass lets time go by.
func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wall += d
	c.mono += d
}

// step sets the wall clock alone.
func (c *clock) step(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wall += d
}

// memoryBed is a registrar on a broker in memory and on a clock of its own, and a peer that speaks
// raw JSON.
type memoryBed struct {
	*testing.T
	broker *memory.Broker
	clock  *clock
	cfg    supervisor.Config
	server *supervisor.Server

	session  link.Session
	consumer link.Consumer
	pub      link.Publisher
	in       chan link.Delivery
	held     []link.Delivery
	seq      int
}

const peerKey = "peer@test"

func newMemoryBed(t *testing.T, change func(*supervisor.Config)) *memoryBed {
	t.Helper()
	b := &memoryBed{T: t, broker: memory.New(), clock: &clock{}, in: make(chan link.Delivery, 10_000)}
	b.cfg = testConfig(t.TempDir(), b.broker)
	b.cfg.Clock, b.cfg.ExpiryInterval = b.clock, 5*time.Millisecond
	b.cfg.Log = zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel)
	b.cfg.Bridge.ReplyDeadline = 10 * time.Second // of the test's clock
	if change != nil {
		change(&b.cfg)
	}
	t.Cleanup(b.stop)
	b.start()
	b.connect()
	return b
}

func (b *memoryBed) start() {
	b.Helper()
	s, err := supervisor.Start(context.Background(), b.cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.server = s
	b.until("ready", func() bool { ok, _ := s.Ready(); return ok })
}

func (b *memoryBed) stop() {
	if b.server != nil {
		if err := b.server.Stop(context.Background()); err != nil {
			b.Error(err)
		}
		b.server = nil
	}
}

func (b *memoryBed) connect() {
	b.Helper()
	ctx := within(b, otptest.Timeout)
	var err error
	if b.session, err = b.broker.Dial(ctx, peerKey); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = b.session.Close(context.Background()) })
	err = b.session.Apply(ctx, link.Topology{
		Queues: []link.Queue{{Name: "peer", Kind: link.Classic, Exclusive: true, AutoDelete: true}},
		Bindings: []link.Binding{
			{Queue: "peer", Exchange: "targeted", Key: peerKey},
			{Queue: "peer", Exchange: "notifications", Key: "#"},
			{Queue: "peer", Exchange: "presence", Key: "#"},
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	if b.pub, err = b.session.Publisher(ctx, link.PublisherSpec{}); err != nil {
		b.Fatal(err)
	}
	if b.consumer, err = b.session.Consume(ctx, link.ConsumerSpec{Queue: "peer", Tag: "peer", Prefetch: 10_000}, func(d link.Delivery) { b.in <- d }); err != nil {
		b.Fatal(err)
	}
}

// publish sends fields to "exchange key" and returns when the broker has them.
func (b *memoryBed) publish(to string, f fields) {
	b.Helper()
	body, err := json.Marshal(f)
	if err != nil {
		b.Fatal(err)
	}
	b.put(to, link.Publishing{ContentType: "application/json", Body: body})
}

func (b *memoryBed) put(to string, p link.Publishing) {
	b.Helper()
	p.Exchange, p.Key, _ = strings.Cut(to, " ")
	done := make(chan error, 1)
	b.pub.PublishConfirmed(context.Background(), p, func(err error) { done <- err })
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}

// ask sends a request and returns the answer to it, nil when there is none.
func (b *memoryBed) ask(to string, f fields) fields {
	b.Helper()
	b.seq++
	id := fmt.Sprint("ask-", b.seq)
	before := b.settled()
	b.publish(to, fields{"Server-ID": peerKey, "Msg-ID": id}.with(f))
	b.until("settled", func() bool { return b.settled() > before })
	return b.answer(id)
}

// answer returns the answer to a request that is settled. Answers leave in order: that of a later
// request says that there is none.
func (b *memoryBed) answer(id string) (got fields) {
	b.Helper()
	fence := id + "-fence"
	b.publish("registrar registration.query.fence.fence", fields{
		"Event-Name": "reg_query", "Realm": "fence.test", "Count-Only": true, "Msg-ID": fence, "Server-ID": peerKey,
	})
	for {
		d := b.next()
		var m fields
		if err := json.Unmarshal(d.Body, &m); err != nil {
			b.Fatalf("%v: %s", err, d.Body)
		}
		switch m["Msg-ID"] {
		case id:
			got = m
		case fence:
			return got
		default:
			b.held = append(b.held, d)
		}
	}
}

// settled counts the questions of others that the registrar is done with.
func (b *memoryBed) settled() (n uint64) {
	for _, c := range b.server.Counts() {
		if (c.Component == "authn" || c.Component == "queries") && c.Outcome != "canary" {
			n += c.N
		}
	}
	return n
}

// took acknowledges the received messages: the broker delivers no more than the prefetch.
func (b *memoryBed) took(d link.Delivery) {
	b.Helper()
	if err := b.consumer.Ack(d.Tag, false); err != nil {
		b.Error(err)
	}
}

func (b *memoryBed) next() link.Delivery {
	b.Helper()
	select {
	case d := <-b.in:
		b.took(d)
		return d
	case <-time.After(otptest.Timeout):
		b.Fatalf("nothing came: %v", b.server.Counts())
		return link.Delivery{}
	}
}

// event returns the next message of that name which is no answer to ask.
func (b *memoryBed) event(name string) fields {
	b.Helper()
	for {
		var d link.Delivery
		if len(b.held) > 0 {
			d, b.held = b.held[0], b.held[1:]
		} else {
			d = b.next()
		}
		var m fields
		if err := json.Unmarshal(d.Body, &m); err != nil {
			b.Fatal(err)
		}
		if m["Event-Name"] == name {
			m["_exchange"], m["_key"] = d.Exchange, d.Key
			return m
		}
	}
}

// report publishes a report, waits until it is handled and returns its outcome.
func (b *memoryBed) report(to string, f fields) string {
	b.Helper()
	before := b.outcomes()
	b.publish(to, f)
	var outcome string
	b.until("settled", func() bool {
		for name, n := range b.outcomes() {
			if n > before[name] {
				outcome = name
			}
		}
		return outcome != ""
	})
	return outcome
}

func (b *memoryBed) outcomes() map[string]uint64 {
	out := map[string]uint64{}
	for _, c := range b.server.Counts() {
		if c.Component == "registrations" {
			out[c.Outcome] = c.N
		}
	}
	return out
}

// contact returns the contact of a user's registration, empty when it has none.
func (b *memoryBed) contact(realm, user string) string {
	b.Helper()
	m := b.ask("registrar registration.query.x.y", fields{"Event-Name": "reg_query", "Realm": realm, "Username": user})
	list, ok := m["Fields"].([]any)
	if !ok || len(list) == 0 {
		return ""
	}
	one, ok := list[0].(map[string]any)
	if !ok {
		b.Fatalf("got %v", m)
	}
	return fmt.Sprint(one["Contact"])
}

func (b *memoryBed) provision(realm, user string, change func(*domain.Credential)) {
	b.Helper()
	key, err := domain.ParseKey(realm, user)
	if err != nil {
		b.Fatal(err)
	}
	cred := domain.Credential{Key: key, Method: domain.Password, Secret: domain.NewSecret("s3cret"), AccountID: "account-1"}
	if change != nil {
		change(&cred)
	}
	if _, err := b.server.Import(context.Background(), []domain.Credential{cred}); err != nil {
		b.Fatal(err)
	}
}

func (b *memoryBed) until(what string, ok func() bool) {
	b.Helper()
	if !otptest.Eventually(ok) {
		b.Fatalf("not %s in time: %v", what, b.server.Counts())
	}
}

func gzipped(tb testing.TB, f fields) []byte {
	tb.Helper()
	body, err := json.Marshal(f)
	if err != nil {
		tb.Fatal(err)
	}
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(body); err != nil {
		tb.Fatal(err)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}
