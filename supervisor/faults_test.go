package supervisor_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"registrar/amqpbridge"
	"registrar/amqpbridge/link/rabbit"
	"registrar/amqpbridge/link/rabbit/brokertest"
	"registrar/amqpbridge/link/rabbit/node"
	"registrar/amqpbridge/softswitch"
	"registrar/amqpbridge/wire"
)

// sick is a registrar behind a proxy, on a broker that things happen to.
type sick struct {
	*testbed
	t     *testing.T
	node  *node.Node
	proxy *brokertest.Proxy
}

// leader is the process of a queue, in the broker's words.
const leader = `quorum_queues, {'%2F_registrar.registrations', node()}`

// fault is one thing that happens: what is done, what readiness says then, and how it ends.
type fault struct {
	hurt func(*sick)
	says string // part of a reason on /readyz; empty when it heals before one can look
	heal func(*sick)
	// stays says that the session survives it.
	stays bool
}

// connectedAt takes note of when the later of the two connections came up last.
type connectedAt struct {
	mu sync.Mutex
	at time.Time
}

func (c *connectedAt) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(`"message":"connected"`)) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.at = time.Now()
	}
	return len(line), nil
}

// since returns how long ago that was, zero if it was before a time.
func (c *connectedAt) since(t time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.Before(t) {
		return 0
	}
	return time.Since(c.at)
}

func faults() map[string]fault {
	nothing := func(*sick) {}
	alarm := func(limit string) func(*sick) {
		return func(s *sick) {
			if out, err := s.node.Ctl(s.t.Context(), "set_vm_memory_high_watermark", "absolute", limit); err != nil {
				s.t.Fatalf("%v: %s", err, out)
			}
		}
	}
	return map[string]fault{
		"connections reset":      {func(s *sick) { s.proxy.Reset() }, "", nothing, false},
		"half-open connections":  {func(s *sick) { s.proxy.BlackHole() }, "consuming: ", func(s *sick) { s.proxy.Heal() }, false},
		"a queue deleted":        {func(s *sick) { brokertest.DeleteQueue(s.t, s.node.URL(), "registrar.authn") }, "", nothing, false},
		"all of its queues":      {func(s *sick) { s.deleteAll() }, "", nothing, false},
		"an alarm":               {alarm("1MB"), "publisher: ", alarm("1GB"), true},
		"closed by the operator": {func(s *sick) { s.closeAll() }, "", nothing, false},
		"the broker killed":      {func(s *sick) { s.kill() }, "consuming: ", func(s *sick) { s.restart() }, false},
		"its virtual host gone": {func(s *sick) { s.ctl("delete_vhost", "/") }, "consuming: ", func(s *sick) {
			s.ctl("add_vhost", "/")
			s.ctl("set_permissions", "-p", "/", "guest", ".*", ".*", ".*")
		}, false},
		// An acknowledgement of nothing, as if we had sent it: the broker closes each channel and leaves the connections alone.
		"its channels closed": {func(s *sick) {
			s.ctl("eval", "[rabbit_channel:do(P, {'basic.ack', 99999, false}) || P <- rabbit_channel:list_local()].")
		}, "", nothing, false},
		// The queue is declared and nobody leads it: the broker answers 404, or 541, or nothing, until its leader is up.
		"a queue that is coming up": {func(s *sick) {
			s.ctl("eval", "ra:stop_server("+leader+").")
			s.closeAll()
		}, "consuming: ", func(s *sick) { s.ctl("eval", "ra:restart_server("+leader+").") }, false},
		"the broker takes no more": {func(s *sick) { s.password("other"); s.closeAll() }, "consuming: ", func(s *sick) { s.password("guest") }, false},
	}
}

func (s *sick) deleteAll() {
	for _, q := range []string{"registrar.authn", "registrar.query", "registrar.registrations"} {
		brokertest.DeleteQueue(s.t, s.node.URL(), q)
	}
}

func (s *sick) kill() {
	s.t.Helper()
	// RabbitMQ writes the directory of its quorum queues every 500 ms; one that is killed before that is never led again.
	s.ctl("eval", "dets:sync(ra_directory_reverse).")
	s.node.Kill()
}

func (s *sick) closeAll() { s.ctl("close_all_connections", "maintenance") }

func (s *sick) password(p string) { s.ctl("change_password", "guest", p) }

func (s *sick) ctl(args ...string) {
	s.t.Helper()
	out, err := s.node.Ctl(s.t.Context(), args...)
	if err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	s.t.Logf("%v: %s", args, out)
}

func (s *sick) restart() {
	s.t.Helper()
	if err := s.node.Restart(context.Background()); err != nil {
		s.t.Fatal(err)
	}
}

// Whatever happens to the broker or on the way to it: the registrar says so, and works again by itself, within a second of the moment when the
// broker does.
func TestFaultsOfTheBroker(t *testing.T) {
	s := &sick{t: t, node: brokertest.Node(t)}
	s.testbed = newTestbed(t)
	var url string
	s.proxy, url = brokertest.NewProxy(t, s.node.URL(), nil)
	s.cfg.AMQP = nil
	up := &connectedAt{}
	s.cfg.Log = zerolog.New(zerolog.MultiLevelWriter(zerolog.NewTestWriter(t), up)).Level(zerolog.InfoLevel)
	s.cfg.Link = rabbit.New(rabbit.Config{URLs: []string{url}, Heartbeat: time.Second, Log: s.cfg.Log})
	s.cfg.Bridge = amqpbridge.DefaultSettings()
	s.cfg.Bridge.Canary = 100 * time.Millisecond
	s.start()
	s.provision(realm, "100", "secret")
	for name, f := range faults() {
		t.Run(name, func(t *testing.T) {
			before := s.outcomes("pulse", "answered")
			s.until("it is well", func() bool { ok, _ := s.server.Ready(); return ok && s.outcomes("pulse", "answered") > before })
			hurt := time.Now()
			f.hurt(s)
			if f.says != "" {
				s.until("it says so", func() bool {
					_, reasons := s.server.Ready()
					return strings.Contains(strings.Join(reasons, "\n"), f.says)
				})
			}
			f.heal(s)
			s.until("it works again", func() bool { ok, _ := s.server.Ready(); return ok && up.since(hurt) > 0 || f.stays && ok })
			if took := up.since(hurt); !f.stays && took > time.Second {
				t.Errorf("it consumes %v after it was connected", took)
			}
			was := s.outcomes("pulse", "answered")
			s.until("its questions are answered", func() bool { return s.outcomes("pulse", "answered") > was })
			sw, err := softswitch.Connect(within(t, 10*time.Second), rabbit.New(rabbit.Config{URLs: []string{s.node.URL()}}), "switch", wire.Kazoo5)
			if err != nil {
				t.Fatal(err)
			}
			authn(t, sw, wire.Kazoo5)
			if err := sw.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}
