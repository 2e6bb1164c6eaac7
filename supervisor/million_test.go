package supervisor_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"registrar/actors/directory"
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/registration"
	"registrar/amqpbridge/link/memory"
	"registrar/persistence"
	"registrar/supervisor"
)

// millionUsers is how many the benchmark registers; REGISTRAR_BENCH_USERS makes it fewer.
func millionUsers() int {
	if n, err := strconv.Atoi(os.Getenv("REGISTRAR_BENCH_USERS")); err == nil {
		return n
	}
	return 1_000_000
}

// A whole registrar with a million registrations of 700 bytes in its file: how long its start
// takes, and its live heap after a collection, with all users passive and with all of their actors
// live.
func BenchmarkMillionUsers(b *testing.B) {
	dir, users := b.TempDir(), millionUsers()
	fillStore(b, dir, users, 24*time.Hour)
	empty := heap()
	for b.Loop() {
		began := time.Now()
		cfg := testConfig(dir, memory.New())
		cfg.PassivateAfter = 0
		s, err := supervisor.Start(b.Context(), cfg)
		if err != nil {
			b.Fatal(err)
		}
		start := time.Since(began)
		passive := heap() - empty
		var askers sync.WaitGroup
		for w := range 64 {
			askers.Go(func() {
				for i := w; i < users; i += 64 {
					if err := wake(b.Context(), s, userKey(i)); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		askers.Wait()
		live := heap() - empty
		b.ReportMetric(start.Seconds(), "s/start")
		b.ReportMetric(float64(passive)/1e6, "MB-passive")
		b.ReportMetric(float64(live)/1e6, "MB-live")
		if err := s.Stop(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

func userKey(i int) domain.Key {
	return domain.Key{Realm: domain.Realm(fmt.Sprintf("realm-%03d.example.net", i%100)), User: domain.User(fmt.Sprintf("user-%07d", i))}
}

// fillStore writes a registrations file whose bindings expire after a lifetime.
func fillStore(b *testing.B, dir string, users int, ends time.Duration) {
	b.Helper()
	f, err := persistence.OpenRegistrations(persistence.Options{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	at := time.Now().Add(ends).UTC()
	for from := 0; from < users; from += 20_000 {
		var lines strings.Builder
		for i := from; i < min(from+20_000, users); i++ {
			contact := fmt.Sprintf("sip:user-%07d@192.0.2.%d:5060", i, i%250)
			_ = persistence.WriteRecord(&lines, domain.Record{Key: userKey(i), Bindings: []domain.Binding{{
				ID: domain.CacheID(fmt.Sprintf("%032x", i)), Contact: contact, Deadline: at, Stamp: domain.Stamp{Sender: 1, Event: 1, Arrival: 1},
				Doc: domain.Document(fmt.Sprintf(`{"Contact":"%s","Pad":"%s"}`, contact, strings.Repeat("x", 430))),
			}}})
		}
		if _, err := f.Import(strings.NewReader(lines.String())); err != nil {
			b.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}

// wake queries a user, which starts its actor.
func wake(ctx context.Context, s *supervisor.Server, k domain.Key) error {
	a, err := otp.Call(ctx, otp.External("bench"), s.Users().For(k), func(f otp.From[registration.Answer]) directory.Message {
		return directory.Deliver{Request: registration.Query{From: f, Key: k}}
	})
	if err == nil && len(a.Bindings) != 1 {
		err = fmt.Errorf("%d bindings", len(a.Bindings))
	}
	return err
}

// All of them have ended when the registrar starts, and the sweep takes them out of the file while
// phones register, one after the other. X-quiet is the 99th percentile of a registration meanwhile
// over the one when the sweep is done.
func BenchmarkMillionEndWhilePhonesRegister(b *testing.B) {
	dir, users := b.TempDir(), millionUsers()
	fillStore(b, dir, users, -time.Hour)
	for b.Loop() {
		cfg := testConfig(dir, memory.New())
		cfg.ExpiryInterval, cfg.Limits.TombstoneTTL = time.Second, time.Minute
		s, err := supervisor.Start(b.Context(), cfg)
		if err != nil {
			b.Fatal(err)
		}
		var swept []float64
		began, n := time.Now(), 0
		for ; left(b, s) > 0; n++ {
			swept = append(swept, enrol(b, s, n))
		}
		took := time.Since(began)
		var quiet []float64
		for range max(1000, len(swept)/4) {
			n++
			quiet = append(quiet, enrol(b, s, n))
		}
		x, y := p99(swept), p99(quiet)
		b.ReportMetric(x/y, "x-quiet")
		b.ReportMetric(x*1000, "ms-p99-swept")
		b.ReportMetric(y*1000, "ms-p99-quiet")
		b.ReportMetric(took.Seconds(), "s/sweep")
		if err := s.Stop(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

// left is how many of those that have ended are still in the file: the last of them in key order
// go last.
func left(b *testing.B, s *supervisor.Server) int {
	b.Helper()
	last, err := s.Registrations(b.Context(), "realm-099.example.net", domain.Key{}, 1)
	if err != nil {
		b.Fatal(err)
	}
	return len(last)
}

// enrol registers a user and returns how long it took, in seconds.
func enrol(b *testing.B, s *supervisor.Server, n int) float64 {
	b.Helper()
	k := domain.Key{Realm: "phones.example.net", User: domain.User(strconv.Itoa(n % 1000))}
	began := time.Now()
	_, err := otp.Call(b.Context(), otp.External("bench"), s.Users().For(k), func(f otp.From[registration.Outcome]) directory.Message {
		return directory.Deliver{Request: registration.Register{
			From: f, Key: k, Contact: "sip:x", ID: "x", Expires: time.Hour, Stamp: domain.Stamp{Sender: 1, Arrival: began.UnixMilli() + int64(n)},
			Digest: domain.DigestOf([]byte(strconv.Itoa(n))), Doc: domain.Document(`{}`),
		}}
	})
	if err != nil {
		b.Fatal(err)
	}
	return time.Since(began).Seconds()
}

func p99(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)*99/100]
}
