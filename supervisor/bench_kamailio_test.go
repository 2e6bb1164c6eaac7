package supervisor_test

import (
	"context"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"registrar/amqpbridge/client"
	"registrar/amqpbridge/wire"
	"registrar/supervisor/test/kamailio"
)

// Whole registrations a second, side by side as information: SIPp at a Kamailio that keeps
// credentials and locations in PostgreSQL itself, SIPp at a Kamailio with this registrar behind
// it, and what this registrar does on AMQP alone. REGISTRAR_BENCH_PEERS has it run.
func BenchmarkPeers(b *testing.B) {
	if os.Getenv("REGISTRAR_BENCH_PEERS") == "" {
		b.Skip("see task bench:peer")
	}
	const n = 3000
	var phones []kamailio.Phone
	for i := range n {
		phones = append(phones, desk(i, 20_000, 3600))
	}
	dir := b.TempDir()
	database, err := kamailio.StartDatabase(b.Context(), dir, phones)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(database.Stop)
	alone, err := database.Proxy(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(alone.Stop)
	bed := newTestbed(b)
	bed.cfg.Log = zerolog.Nop()
	bed.start()
	for _, ph := range phones {
		bed.provision(ph.Realm, ph.User, ph.Password)
	}
	proxy, err := kamailio.Start(b.Context(), kamailio.Config{AMQP: bed.url, Node: "sbc.test", Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(proxy.Stop)
	sw := bed.connect("switch", wire.Kazoo5)
	var database1, ours, amqp []float64
	for b.Loop() {
		database1 = append(database1, sipp(b, alone, phones))
		ours = append(ours, sipp(b, proxy, phones))
		amqp = append(amqp, whole(b, bed, sw, phones))
	}
	if stored, err := database.Locations(b.Context()); err != nil || stored != n {
		b.Errorf("%d locations in the database, %v", stored, err)
	}
	b.ReportMetric(median(database1), "postgresql/s")
	b.ReportMetric(median(ours), "registrar/s")
	b.ReportMetric(median(amqp), "amqp-alone/s")
}

// sipp has all phones register as fast as one SIPp can and returns how many a second did.
func sipp(b *testing.B, p *kamailio.Proxy, phones []kamailio.Phone) float64 {
	b.Helper()
	began := time.Now()
	if err := p.RegisterMany(b.Context(), phones, 6000, 200); err != nil {
		b.Fatal(err)
	}
	return float64(len(phones)) / time.Since(began).Seconds()
}

// whole asks for the credentials of each phone, reports its registration, and waits until all are
// committed.
func whole(b *testing.B, bed *testbed, sw *client.Conn, phones []kamailio.Phone) float64 {
	b.Helper()
	done := func() uint64 {
		return bed.outcomes("registrations", "registered") + bed.outcomes("registrations", "refreshed")
	}
	first, began := done(), time.Now()
	var askers sync.WaitGroup
	for w := range 64 {
		askers.Go(func() {
			for i := w; i < len(phones); i += 64 {
				ph := phones[i]
				if _, err := sw.Authn(within(b, 20*time.Second), ph.Realm, ph.User); err != nil {
					b.Error(err)
				}
				if err := sw.Report(context.Background(), client.Registration{
					Realm: ph.Realm, User: ph.User, Contact: "<sip:" + strconv.Itoa(i) + "@192.0.2.1>", Expires: time.Hour,
				}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	askers.Wait()
	bed.until("committed", func() bool { return done()-first >= uint64(len(phones)) })
	return float64(len(phones)) / time.Since(began).Seconds()
}
