//go:build linux

package cli_test

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/domain"
	"registrar/amqpbridge/client"
	"registrar/amqpbridge/link/rabbit"
	"registrar/amqpbridge/link/rabbit/brokertest"
	"registrar/amqpbridge/wire"
	"registrar/supervisor"
	"registrar/supervisor/console"
)

// phones is how many report at the same time.
const phones = 200

// outage is a server on a disk that loses power, with the messages sent to it and received from
// it. Reports and passwords are numbered by user.
type outage struct {
	t     *testing.T
	disk  disk
	sound binary // inspects the files
	sick  binary // serves
	url   string
	sw    *client.Conn

	reported [phones]int // to the broker, which has confirmed them
	sent     [phones]int // passwords, and those of which the operator was told that they are stored
	stored   [phones]int
	// left are the reports that the queue still had at the last cut: whatever else was reported
	// had been acknowledged by then.
	left map[string]bool

	acknowledged, again, passwords int // in all
}

func newOutage(t *testing.T, d disk, path string, mutant string) *outage {
	t.Helper()
	o := &outage{t: t, disk: d, sound: planted(path, ""), sick: planted(path, mutant), url: brokertest.URL(t)}
	sw, err := client.Connect(t.Context(), rabbit.New(rabbit.Config{URLs: []string{o.url}, Log: zerolog.Nop()}), client.Config{Name: "switch", Generation: wire.Kazoo5})
	o.must(err)
	t.Cleanup(func() { _ = sw.Close(context.Background()) })
	o.sw = sw
	o.compare() // which makes the files, synced, also for a server that does not sync
	return o
}

// round starts the server, cuts the power under load and returns the losses.
func (o *outage) round() loss {
	o.t.Helper()
	server, began := o.start(), o.reported
	load, stop := o.load()
	o.awaitReport(began[0] + 1 + rand.IntN(10))
	<-time.After(rand.N(100 * time.Millisecond))
	o.disk.cut(server)
	stop()
	load.Wait()
	o.disk.restore()
	o.look()
	o.acknowledged += sum(o.reported) - sum(began) - len(o.left)
	o.again += len(o.left)
	return o.compare()
}

// start starts the server and waits until it has consumed the queue.
func (o *outage) start() *exec.Cmd {
	o.t.Helper()
	server := o.sick.serve(o.t, o.disk.dir(), o.url)
	ctx, cancel := context.WithTimeout(o.t.Context(), time.Minute)
	defer cancel()
	awaitAnswer(ctx, o.sw)
	var table [phones]int
	var err error
	for behind := true; behind; {
		if ctx.Err() != nil {
			o.t.Fatalf("what was left in the queue does not come: the newest reports are\n%v, and there are\n%v", o.reported, table)
		}
		table, err = o.table()
		o.must(err)
		behind = table != o.reported
	}
	return server
}

// awaitReport waits until the server shows this report of the first user, or a newer one.
func (o *outage) awaitReport(n int) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), time.Minute)
	defer cancel()
	for shown := 0; shown < n; {
		m, err := ask(ctx, o.sw, "0")
		if r, ok := m.(*wire.RegQueryResponse); err == nil && ok && len(r.Fields) == 1 {
			shown = numberOf(strings.Trim(string(r.Fields[0]["Contact"]), `"`))
		}
		if ctx.Err() != nil {
			o.t.Fatalf("report %d is not shown in time, %d is", n, shown)
		}
	}
}

// end starts the server a last time and stops it in order.
func (o *outage) end() {
	o.t.Helper()
	server := o.start()
	o.must(server.Process.Signal(os.Interrupt))
	o.must(server.Wait())
	if left := brokertest.Remaining(o.t, o.url, "registrar.registrations"); len(left) > 0 {
		o.t.Errorf("%d reports are left in the queue", len(left))
	}
	for _, queue := range []string{"registrar.poison", "registrar.malformed"} {
		if left := brokertest.Remaining(o.t, o.url, queue); len(left) > 0 {
			o.t.Errorf("%d reports are in %s", len(left), queue)
		}
	}
	o.left = nil
	if lost := o.compare(); lost.any() {
		o.t.Errorf("lost in the end: %+v", lost)
	}
}

// load has the phones report, each as soon as the broker has taken its last, and an operator
// change passwords, until stop or the server's end.
func (o *outage) load() (load *sync.WaitGroup, stop func()) {
	ctx, stop := context.WithCancel(o.t.Context())
	load = &sync.WaitGroup{}
	for u := range phones {
		load.Go(func() {
			for ctx.Err() == nil {
				o.reported[u]++
				if err := o.sw.Report(context.WithoutCancel(ctx), registration(u, o.reported[u])); err != nil {
					o.t.Error(err)
					return
				}
			}
		})
	}
	load.Go(func() {
		client := console.NewClient(filepath.Join(o.disk.dir(), supervisor.ControlSocket))
		for u := 0; ; u = (u + 1) % phones {
			key := domain.Key{Realm: "acme.test", User: domain.User(strconv.Itoa(u))}
			o.sent[u]++
			_, err := client.Import(ctx, []domain.Credential{{Key: key, Method: domain.Password, Secret: domain.NewSecret(strconv.Itoa(o.sent[u]))}})
			if err != nil {
				return // its outcome is unknown
			}
			o.stored[u] = o.sent[u]
			o.passwords++
		}
	})
	return load, stop
}
