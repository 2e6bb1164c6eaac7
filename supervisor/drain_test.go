package supervisor_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"registrar/amqpbridge/client"
	"registrar/amqpbridge/link/rabbit/brokertest"
	"registrar/amqpbridge/wire"
	"registrar/supervisor"
)

// A stop under load drains: the messages left in the queue were never delivered, and no delivery
// is repeated after the next start.
func TestCleanStopLeavesNothingToBeDeliveredAgain(t *testing.T) {
	b := newTestbed(t)
	b.start()
	sw := b.connect("switch", wire.Kazoo5)
	const users = 3000
	var phones sync.WaitGroup
	for w := range 16 {
		phones.Go(func() {
			for i := w; i < users; i += 16 {
				if err := sw.Report(context.Background(), client.Registration{
					Realm: realm, User: strconv.Itoa(i), Contact: fmt.Sprintf("<sip:%d@192.0.2.1>", i), Expires: time.Hour,
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	b.until("at work", func() bool { return b.outcomes("registrations", "registered") > 300 })
	b.stop()
	phones.Wait()
	left := brokertest.Remaining(t, b.url, "registrar.registrations")
	if len(left) == 0 {
		t.Log("the registrar was done before it was stopped")
	}
	for _, d := range left {
		if d.Redelivered {
			t.Errorf("one of the %d that are left was handed out before: %s", len(left), d.Body)
		}
	}
	b.start()
	b.until("all are registered", func() bool { return b.holds(0, users) })
}

// A flow that hangs at a stop takes none of the time of the others: they are drained meanwhile.
func TestHangingFlowLeavesOthersTheirTime(t *testing.T) {
	var said journal
	b := newMemoryBed(t, func(cfg *supervisor.Config) { cfg.Log = zerolog.New(&said).Level(zerolog.WarnLevel) })
	if err := b.server.Suspend("bridge/authn"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	_ = b.server.Stop(ctx) // it is late
	b.server = nil
	if s := said.String(); strings.Count(s, "not drained") != 1 || !strings.Contains(s, `"consumer":"authn"`) {
		t.Errorf("it says: %s", s)
	}
}
