package node

import (
	"os"
	"testing"
)

// Ports differ from each other and lie below the ports of outgoing connections.
func TestPortsAreFreeAndStaySo(t *testing.T) {
	p, err := freePorts()
	if err != nil {
		t.Fatal(err)
	}
	for _, port := range []int{p.amqp, p.dist, p.epmd} {
		if port < 20_000 || port >= 32_000 {
			t.Errorf("a port is outside the range for nodes: %+v", p)
		}
	}
	if p.amqp == p.dist || p.dist == p.epmd || p.epmd == p.amqp {
		t.Errorf("the ports are %+v", p)
	}
}

// A start is tried again if and only if ports were taken.
func TestTakenPortsAreNoticed(t *testing.T) {
	n := &Node{dir: t.TempDir()}
	var err error
	if n.ports, err = freePorts(); err != nil {
		t.Fatal(err)
	}
	if n.portsTaken() {
		t.Error("free ports pass for taken ones")
	}
	for name, port := range map[string]int{"amqp": n.ports.amqp, "dist": n.ports.dist, "epmd": n.ports.epmd} {
		l, err := listen(port)
		if err != nil {
			t.Fatal(err)
		}
		if !n.portsTaken() {
			t.Errorf("the port %s is taken", name)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for said, want := range map[string]bool{
		"failed_to_start_child, auth": false, "{dist_port_already_used,43911,not_erlang": true, "failed to start listener: eaddrinuse": true,
	} {
		if err := os.WriteFile(n.output(), []byte(said), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := n.portsTaken(); got != want {
			t.Errorf("%q: taken is %v", said, got)
		}
	}
}
