package supervisor_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"registrar/actors/otp"
	"registrar/amqpbridge/link/rabbit/brokertest"
	"registrar/amqpbridge/link/rabbit/node"
)

// brokerBed is a registrar behind a proxy, on a broker of its own.
type brokerBed struct {
	*testbed
	t         *testing.T
	node      *node.Node
	proxy     *brokertest.Proxy
	connected *connectedAt
}

// connectedAt records the time of the last log message about a connection.
type connectedAt struct {
	mu sync.Mutex
	at time.Time
}

func (c *connectedAt) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(`"message":"broker connected"`)) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.at = time.Now()
	}
	return len(line), nil
}

// since returns the time since then, zero if it was before t.
func (c *connectedAt) since(t time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.Before(t) {
		return 0
	}
	return time.Since(c.at)
}

func (f brokerFault) troubled() string { return cmp.Or(f.part, "consuming") }

// trouble returns the condition that the tree shows for a component.
func (s *brokerBed) trouble(part string) string {
	var find func(n otp.Node) string
	find = func(n otp.Node) string {
		if n.Name == "bridge/"+part {
			return n.Condition
		}
		for _, c := range n.Children {
			if t := find(c); t != "" {
				return t
			}
		}
		return ""
	}
	return find(s.server.Tree())
}

// failures returns the failures that the metrics count for the component.
func (s *brokerBed) failures(f brokerFault) (n int) {
	s.t.Helper()
	_, text := s.get("/metrics")
	_, line, _ := strings.Cut(text, fmt.Sprintf("\nregistrar_component_failures_total{component=%q} ", f.troubled()))
	if _, err := fmt.Sscan(line, &n); err != nil {
		s.t.Fatalf("%v in\n%s", err, text)
	}
	return n
}

// seen reports whether /readyz, the metrics and the tree tell of a fault.
func (s *brokerBed) seen(f brokerFault, failures int) bool {
	s.t.Helper()
	part := f.troubled()
	code, ready := s.get("/readyz")
	_, metrics := s.get("/metrics")
	return code == http.StatusServiceUnavailable && strings.Contains(ready, part+": ") && strings.Contains(ready, f.says) &&
		strings.Contains(metrics, fmt.Sprintf("registrar_component_up{component=%q} 0", part)) && s.failures(f) > failures &&
		strings.HasPrefix(s.trouble(part), part+": ") && strings.Contains(s.trouble(part), f.says)
}

// unseen fails the test if one of them tells of a fault that is over.
func (s *brokerBed) unseen(f brokerFault) {
	s.t.Helper()
	part := f.troubled()
	_, metrics := s.get("/metrics")
	if code, text := s.get("/readyz"); code != http.StatusOK || s.trouble(part) != "" || !strings.Contains(metrics, fmt.Sprintf("registrar_component_up{component=%q} 1", part)) {
		s.t.Errorf("it is well, but: %d %s, %q", code, text, s.trouble(part))
	}
}

// heal lets everything through again.
func heal(s *brokerBed) { s.proxy.Heal() }

// alarm sets how much memory the broker may take.
func alarm(limit string) func(*brokerBed) {
	return func(s *brokerBed) { s.ctl("set_vm_memory_high_watermark", "absolute", limit) }
}

func (s *brokerBed) deleteAll() {
	for _, q := range []string{s.cfg.Bridge.AuthnQueue, s.cfg.Bridge.QueryQueue, s.cfg.Bridge.RegistrationQueue} {
		brokertest.DeleteQueue(s.t, s.node.URL(), q)
	}
}

func (s *brokerBed) kill() {
	s.t.Helper()
	// RabbitMQ writes the directory of its quorum queues every 500 ms; one that is killed before
	// that is never led again.
	s.ctl("eval", "dets:sync(ra_directory_reverse).")
	s.node.Kill()
}

func (s *brokerBed) closeAll() { s.ctl("close_all_connections", "maintenance") }

func (s *brokerBed) password(p string) { s.ctl("change_password", "guest", p) }

func (s *brokerBed) ctl(args ...string) {
	s.t.Helper()
	out, err := s.node.Ctl(s.t.Context(), args...)
	if err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	s.t.Logf("%v: %s", args, out)
}

func (s *brokerBed) restart() {
	s.t.Helper()
	if err := s.node.Restart(context.Background()); err != nil {
		s.t.Fatal(err)
	}
}
