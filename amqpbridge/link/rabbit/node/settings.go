package node

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	// The config keeps a private node small; the watermark is absolute because a part of a small machine's memory is too little.
	config = "vm_memory_high_watermark.absolute = 1GB\ndisk_free_limit.absolute = 50MB\n"
	// With loopbackOnly Erlang keeps the ports between Erlang nodes off the network.
	loopbackOnly = "-kernel inet_dist_use_interface {127,0,0,1}"
)

// ports are where a node listens, all on the loopback address.
type ports struct{ amqp, dist, epmd int }

// Where ports for nodes are looked for: below those that systems give to outgoing connections, one of which could else have taken a port by the
// time that a node which was killed needs it again.
const lowest, highest = 20_000, 32_000

// freePorts finds ports. Somebody else may take one before the node does; [Start] then looks again.
func freePorts() (ports, error) {
	var p ports
	for _, port := range []*int{&p.amqp, &p.dist, &p.epmd} {
		l, err := free()
		if err != nil {
			return ports{}, err
		}
		defer l.Close() //nolint:errcheck // held until all are found, so that they differ.
		*port = portOf(l)
	}
	return p, nil
}

// FreePort finds a port of the loopback address for one more listener of a node.
func FreePort() (int, error) {
	l, err := free()
	if err != nil {
		return 0, err
	}
	return portOf(l), l.Close()
}

// free listens on a port that nobody has.
func free() (*net.TCPListener, error) {
	var failed error
	for range 100 {
		l, err := listen(lowest + rand.IntN(highest-lowest))
		if err == nil {
			return l, nil
		}
		failed = err
	}
	return nil, fmt.Errorf("find a free port: %w", failed)
}

func listen(port int) (*net.TCPListener, error) {
	return net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
}

func portOf(l *net.TCPListener) int {
	addr, _ := l.Addr().(*net.TCPAddr)
	return addr.Port
}

// nodeName returns the Erlang name of the node with these ports.
func (p ports) nodeName() string { return "registrar-" + strconv.Itoa(p.amqp) + "@localhost" }

// environ returns the whole environment of a node in dir: what the process has, but nothing that speaks to another RabbitMQ or Erlang.
func (p ports) environ(dir string) []string {
	var env []string
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		if name != "HOME" && !strings.HasPrefix(name, "RABBITMQ_") && !strings.HasPrefix(name, "ERL_") {
			env = append(env, e)
		}
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	return append(env,
		"HOME="+dir,                // where Erlang keeps its cookie
		"ERL_CRASH_DUMP_SECONDS=0", // else whoever finds its directory gone leaves all that it knows, the cookie too, in ours
		"ERL_EPMD_ADDRESS=127.0.0.1", "ERL_EPMD_PORT="+strconv.Itoa(p.epmd),
		"RABBITMQ_NODENAME="+p.nodeName(), "RABBITMQ_NODE_IP_ADDRESS=127.0.0.1",
		"RABBITMQ_NODE_PORT="+strconv.Itoa(p.amqp), "RABBITMQ_DIST_PORT="+strconv.Itoa(p.dist),
		"RABBITMQ_MNESIA_BASE="+in("mnesia"), "RABBITMQ_LOG_BASE="+in("log"), "RABBITMQ_PID_FILE="+in("pid"),
		"RABBITMQ_CONFIG_FILE="+in("rabbitmq.conf"), "RABBITMQ_ENABLED_PLUGINS_FILE="+in("plugins"),
		"RABBITMQ_GENERATED_CONFIG_DIR="+in("generated"), "RABBITMQ_FEATURE_FLAGS_FILE="+in("feature_flags"),
		"RABBITMQ_CONF_ENV_FILE=/dev/null", "RABBITMQ_ALLOW_INPUT=true",
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+loopbackOnly, "RABBITMQ_CTL_ERL_ARGS="+loopbackOnly,
	)
}

// prepare writes the files that a node in dir reads.
func prepare(dir string, o Options) error {
	plugins := "[" + strings.Join(o.Plugins, ",") + "].\n"
	for name, text := range map[string]string{"rabbitmq.conf": config + o.Config, "plugins": plugins} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("write the node's settings: %w", err)
		}
	}
	return nil
}
