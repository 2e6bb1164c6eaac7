package supervisor_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/domain"
	"registrar/amqpbridge"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/rabbit"
	"registrar/amqpbridge/wire"
	"registrar/supervisor"
)

// peerEnv makes this binary a registrar, or a bare echo, in a process of its own, so that its CPU
// can be told from the asker's.
const (
	peerEnv   = "REGISTRAR_BENCH_PEER"
	peerURL   = "REGISTRAR_BENCH_URL"
	peerDir   = "REGISTRAR_BENCH_DIR"
	peerUsers = 1000
)

// runPeer serves until its standard input ends.
func runPeer(kind string) int {
	d := rabbit.New(rabbit.Config{URLs: []string{os.Getenv(peerURL)}, Log: zerolog.Nop()})
	fail := func(err error) int {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if kind == "echo" {
		reply := wire.Sender{App: "registrar", Version: "devel", Node: "registrar@localhost"}.AuthnResponse(&wire.AuthnResponse{
			Envelope: wire.Envelope{MsgID: "x"}, Method: "password", Password: domain.NewSecret("secret"),
			ChannelVars: map[string]any{"Username": "100", "Realm": realm},
		})
		stop, err := serveEcho(context.Background(), d, reply)
		if err != nil {
			return fail(err)
		}
		defer stop()
	} else {
		cfg := testConfig(os.Getenv(peerDir), d)
		if kind == "unrecorded" {
			cfg.MaxTrace = 0
		}
		s, err := supervisor.Start(context.Background(), cfg)
		if err != nil {
			return fail(err)
		}
		var creds []domain.Credential
		for i := range peerUsers {
			creds = append(creds, domain.Credential{
				Key: domain.Key{Realm: realm, User: domain.User(strconv.Itoa(i))}, Method: domain.Password, Secret: domain.NewSecret("secret"),
			})
		}
		if _, err := s.Import(context.Background(), creds); err != nil {
			return fail(err)
		}
		for ok := false; !ok; ok, _ = s.Ready() {
			time.Sleep(10 * time.Millisecond)
		}
		defer s.Stop(context.Background())
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// peer is such a process.
type peer struct {
	b   *testing.B
	cmd *exec.Cmd
	in  io.WriteCloser
	sw  *client.Conn
}

func startPeer(b *testing.B, kind string) *peer {
	b.Helper()
	bed := newTestbed(b) // a virtual host of its own
	p := &peer{b: b, cmd: exec.CommandContext(context.WithoutCancel(b.Context()), os.Args[0])}
	p.cmd.Env = append(os.Environ(), peerEnv+"="+kind, peerURL+"="+bed.url, peerDir+"="+b.TempDir())
	p.cmd.Stderr = os.Stderr
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		b.Fatalf("%s: %q, %v", kind, line, err)
	}
	b.Cleanup(func() { _, _ = p.in.Close(), p.cmd.Wait() })
	p.sw = bed.connect("asker", wire.Kazoo5)
	return p
}

// cpu returns the CPU time of the process, in seconds.
func (p *peer) cpu() float64 {
	p.b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		p.b.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / 100
}

// One iteration is a burst of questions with 256 in flight and a row of questions one after the
// other, to the registrar and to a bare echo in turn, each a process of its own on the same
// broker: its CPU a question and the asker's latency beside the echo's.
func BenchmarkAuthnProcessBesideEcho(b *testing.B) {
	ours, echo := startPeer(b, "registrar"), startPeer(b, "echo")
	run := func(p *peer) (rate, cpu, latency float64) {
		before := p.cpu()
		for range 3 {
			rate += burst(b, p.sw, peerUsers) / 3
		}
		cpu = (p.cpu() - before) / 30_000
		var times []float64
		for q := range 2000 {
			began := time.Now()
			if _, err := p.sw.Authn(within(b, 10*time.Second), realm, strconv.Itoa(q%peerUsers)); err != nil {
				b.Fatal(err)
			}
			times = append(times, time.Since(began).Seconds())
		}
		return rate, cpu, median(times)
	}
	run(ours)
	run(echo)
	var rates, cpus, latencies []float64
	for b.Loop() {
		r1, c1, l1 := run(ours)
		r2, c2, l2 := run(echo)
		rates, cpus, latencies = append(rates, r1/r2), append(cpus, c1/c2), append(latencies, l1/l2)
	}
	b.ReportMetric(median(rates), "x-rate")
	b.ReportMetric(median(cpus), "x-cpu")
	b.ReportMetric(median(latencies), "x-latency")
}

// Compares a registrar that consumes, commits and acknowledges the refreshes of 5,000 phones with
// a bare consumer that writes nothing and acknowledges in batches of 500. The publisher stays
// 5,000 messages ahead of the consumer.
func BenchmarkRegistrationsBesideBareConsumer(b *testing.B) {
	const n = 15_000
	ours, theirs := newTestbed(b), newTestbed(b)
	ours.cfg.Log = zerolog.Nop()
	ours.start()
	var bare atomic.Uint64
	bareConsumer(b, theirs, &bare)
	done := func() uint64 {
		return ours.outcomes("registrations", "registered") + ours.outcomes("registrations", "refreshed")
	}
	sw, other := ours.connect("switch", wire.Kazoo5), theirs.connect("switch", wire.Kazoo5)
	var mine, others, ratios []float64
	for b.Loop() {
		x, y := paced(b, sw, n, done), paced(b, other, n, bare.Load)
		mine, others, ratios = append(mine, x), append(others, y), append(ratios, x/y)
	}
	b.ReportMetric(median(ratios), "x-bare")
	b.ReportMetric(median(mine), "registrations/s")
	b.ReportMetric(median(others), "bare/s")
}

// paced reports n phones, at most 5,000 ahead of done, and returns the rate a second.
func paced(b *testing.B, sw *client.Conn, n uint64, done func() uint64) float64 {
	b.Helper()
	first := done()
	var sent atomic.Uint64
	began := time.Now()
	for range 64 {
		go func() {
			for i := sent.Add(1); i <= n; i = sent.Add(1) {
				for i > done()-first+5000 {
					time.Sleep(time.Millisecond)
				}
				_ = sw.Report(context.Background(), client.Registration{
					Realm: realm, User: strconv.FormatUint(i%5000, 10), Contact: fmt.Sprintf("<sip:%d@192.0.2.1>", i%5000), Expires: time.Hour,
				})
			}
		}()
	}
	for done()-first < n {
		time.Sleep(time.Millisecond)
	}
	return float64(n) / time.Since(began).Seconds()
}

func bareConsumer(b *testing.B, bed *testbed, n *atomic.Uint64) {
	b.Helper()
	ctx := within(b, 20*time.Second)
	s, err := bed.dialer().Dial(ctx, "bare")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close(context.Background()) })
	set := amqpbridge.DefaultSettings()
	if err := s.Apply(ctx, set.Topology("bare")); err != nil {
		b.Fatal(err)
	}
	tags := make(chan uint64, set.RegistrationPrefetch)
	consumer, err := s.Consume(ctx, link.ConsumerSpec{Queue: set.RegistrationQueue, Tag: "bare", Prefetch: set.RegistrationPrefetch}, func(d link.Delivery) { tags <- d.Tag })
	if err != nil {
		b.Fatal(err)
	}
	go func() {
		for {
			select {
			case tag := <-tags:
				if got := n.Add(1); got%500 == 0 || len(tags) == 0 {
					_ = consumer.Ack(tag, true)
				}
			case <-s.Done():
				return
			}
		}
	}()
}

// One iteration is 30,000 questions to a registrar that records and 30,000 to one that does not,
// in turn: the CPU of its process a question.
func BenchmarkAuthnProcessRecorded(b *testing.B) {
	on, off := startPeer(b, "registrar"), startPeer(b, "unrecorded")
	run := func(p *peer) float64 {
		before := p.cpu()
		for range 3 {
			burst(b, p.sw, peerUsers)
		}
		return p.cpu() - before
	}
	run(on)
	run(off)
	var ratios []float64
	for b.Loop() {
		ratios = append(ratios, run(on)/run(off))
	}
	b.ReportMetric(median(ratios), "x-cpu")
}
