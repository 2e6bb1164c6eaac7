package supervisor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"registrar/amqpbridge"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/memory"
	"registrar/amqpbridge/wire"
)

// inFlight is how many questions wait for an answer at any time.
const inFlight = 256

// One iteration is a burst of questions to the registrar and one to a bare echo on the same
// broker, in turn. X-echo is the median of the pairs' ratios: the registrar's answers a second
// over the echo's. The echo has the same queue, prefetch and reply, reads only Server-ID and
// Msg-ID, and knows nobody.
func BenchmarkAuthnBesideBareEcho(b *testing.B) {
	ours := newTestbed(b)
	ours.cfg.Log = zerolog.Nop()
	ours.start()
	const users = 1000
	for i := range users {
		ours.provision(realm, strconv.Itoa(i), "secret")
	}
	asker := ours.connect("asker", wire.Kazoo5)
	m, err := asker.Authn(within(b, 10*time.Second), realm, "0")
	if err != nil {
		b.Fatal(err)
	}
	reply, ok := m.(*wire.AuthnResponse)
	if !ok {
		b.Fatalf("got %T", m)
	}
	theirs := newTestbed(b) // a virtual host of its own
	theirs.cfg.Log = zerolog.Nop()
	theirs.echo(b, wire.Sender{App: "registrar", Version: "devel", Node: "registrar@localhost"}.AuthnResponse(reply))
	echoAsker := theirs.connect("asker", wire.Kazoo5)

	var rates, echoes, ratios []float64
	for b.Loop() {
		e := burst(b, echoAsker, users)
		r := burst(b, asker, users)
		rates, echoes, ratios = append(rates, r), append(echoes, e), append(ratios, r/e)
	}
	b.ReportMetric(median(ratios), "x-echo")
	b.ReportMetric(median(rates), "authn/s")
	b.ReportMetric(median(echoes), "echo/s")
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

// burst asks 10,000 questions and returns how many a second were answered.
func burst(b *testing.B, sw *client.Conn, users int) float64 {
	b.Helper()
	const questions = 10_000
	ctx := within(b, time.Minute)
	var askers sync.WaitGroup
	began := time.Now()
	for a := range inFlight {
		askers.Go(func() {
			for q := a; q < questions; q += inFlight {
				if _, err := sw.Authn(ctx, realm, strconv.Itoa(q%users)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	askers.Wait()
	return questions / time.Since(began).Seconds()
}

// echo answers every question with the same reply, but for its Msg-ID.
func (b *testbed) echo(tb testing.TB, reply []byte) {
	tb.Helper()
	stop, err := serveEcho(within(tb, 20*time.Second), b.dialer(), reply)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(stop)
}

// serveEcho is the least that can answer: it reads Server-ID and Msg-ID and publishes.
func serveEcho(ctx context.Context, d link.Dialer, reply []byte) (stop func(), err error) {
	set := amqpbridge.DefaultSettings()
	consuming, err := d.Dial(ctx, "echo-consuming")
	if err != nil {
		return nil, err
	}
	publishing, err := d.Dial(ctx, "echo-publishing")
	if err != nil {
		return nil, err
	}
	if err := consuming.Apply(ctx, set.Topology("echo")); err != nil {
		return nil, err
	}
	out, err := publishing.Publisher(ctx, link.PublisherSpec{})
	if err != nil {
		return nil, err
	}
	head, tail, _ := bytes.Cut(reply, []byte(`"Msg-ID":"`))
	_, tail, _ = bytes.Cut(tail, []byte(`"`))
	tags := make(chan uint64, set.AuthnPrefetch)
	consumer, err := consuming.Consume(ctx, link.ConsumerSpec{Queue: set.AuthnQueue, Tag: "echo", Prefetch: set.AuthnPrefetch}, func(d link.Delivery) {
		var q struct {
			ServerID string `json:"Server-ID"`
			MsgID    string `json:"Msg-ID"`
		}
		if json.Unmarshal(d.Body, &q) == nil {
			body := slices.Concat(head, []byte(`"Msg-ID":"`), []byte(q.MsgID), []byte(`"`), tail)
			_ = out.Publish(context.Background(), link.Publishing{
				Exchange: "targeted", Key: q.ServerID, ContentType: "application/json", Mandatory: true, Body: body,
			})
		}
		tags <- d.Tag
	})
	if err != nil {
		return nil, err
	}
	go ackTogether(consuming, consumer, tags)
	return func() { _, _ = consuming.Close(context.Background()), publishing.Close(context.Background()) }, nil
}

// ackTogether acknowledges all waiting deliveries at once, as the registrar does.
func ackTogether(s link.Session, consumer link.Consumer, tags <-chan uint64) {
	for {
		select {
		case tag := <-tags:
			for len(tags) > 0 {
				tag = <-tags
			}
			if consumer.Ack(tag, true) != nil {
				return
			}
		case <-s.Done():
			return
		}
	}
}

// Live heap of 100,000 registered users: with their actors running, and after a restart with only
// the index. The page cache of the file is not heap.
func BenchmarkHeapPerUser(b *testing.B) {
	const users = 100_000
	broker := memory.New()
	for b.Loop() {
		cfg := testConfig(b.TempDir(), broker)
		bed := &testbed{t: b, cfg: cfg}
		bed.start()
		empty := heap()
		sw, err := client.Connect(within(b, 10*time.Second), broker, client.Config{Name: "switch", Generation: wire.Kazoo5})
		if err != nil {
			b.Fatal(err)
		}
		var phones sync.WaitGroup
		for w := range 8 {
			phones.Go(func() {
				for i := w; i < users; i += 8 {
					err := sw.Report(context.Background(), client.Registration{
						Realm: realm, User: strconv.Itoa(i), Contact: fmt.Sprintf(`"Desk" <sip:%d@192.0.2.10:5060;transport=udp>`, i), Expires: time.Hour,
					})
					if err != nil {
						b.Error(err)
					}
				}
			})
		}
		phones.Wait()
		bed.until("registered", func() bool { return count(bed.server.Counts(), "registrations", "registered") == users })
		if err := sw.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(heap()-empty)/users, "B/user-live")
		bed.stop()
		before := heap()
		bed.start()
		b.ReportMetric(float64(heap()-before)/users, "B/user-indexed")
		bed.stop()
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
