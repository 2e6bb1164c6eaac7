package supervisor_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"registrar/actors/directory"
	"registrar/actors/domain"
	"registrar/actors/registration"
	"registrar/amqpbridge/link/loop"
	"registrar/persistence"
	"registrar/supervisor"
	"registrar/supervisor/otp"
)

// millionUsers is how many the benchmark registers; REGISTRAR_BENCH_USERS makes it fewer.
func millionUsers() int {
	if n, err := strconv.Atoi(os.Getenv("REGISTRAR_BENCH_USERS")); err == nil {
		return n
	}
	return 1_000_000
}

// A whole registrar with a million registrations of 700 bytes in its file: how long its start takes, and its live heap after a collection, with all users passive
// and with all of their actors live.
func BenchmarkMillionUsers(b *testing.B) {
	dir, users := b.TempDir(), millionUsers()
	fillStore(b, dir, users)
	empty := heap()
	for b.Loop() {
		began := time.Now()
		s, err := supervisor.Start(b.Context(), supervisor.Config{Data: dir, Link: loop.New(), Idle: -1})
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

// fillStore makes a registrations file.
func fillStore(b *testing.B, dir string, users int) {
	b.Helper()
	f, err := persistence.OpenRegistrations(persistence.Options{Dir: dir, NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	at := time.Now().Add(24 * time.Hour).UTC()
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

// wake asks for a user, whose actor is started by it.
func wake(ctx context.Context, s *supervisor.Server, k domain.Key) error {
	a, err := otp.Call(ctx, otp.External("bench"), s.Users().For(k), func(f otp.From[registration.Answer]) directory.Message {
		return directory.Deliver{Request: registration.Query{From: f, Key: k}}
	})
	if err == nil && len(a.Bindings) != 1 {
		err = fmt.Errorf("%d bindings", len(a.Bindings))
	}
	return err
}
