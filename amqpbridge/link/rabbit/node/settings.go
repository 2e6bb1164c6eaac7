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
	// config keeps a private node small. The watermark is absolute: the default fraction is too
	// little memory on a small machine.
	config = "vm_memory_high_watermark.absolute = 1GB\ndisk_free_limit.absolute = 50MB\n"
	// loopbackOnly keeps the port of the Erlang distribution off the network.
	loopbackOnly = "-kernel inet_dist_use_interface {127,0,0,1}"
)

// ports are the ports of a node, all on the loopback address.
type ports struct{ amqp, dist, epmd int }

// lowest and highest bound the ports of nodes. They lie below the ephemeral ports of Linux and
// macOS, so that no outgoing connection takes a port between a kill and a restart.
const lowest, highest = 20_000, 32_000

// freePorts finds three free ports. Another process may take one before the node does; [Start] then
// tries again.
func freePorts() (ports, error) {
	var p ports
	for _, port := range []*int{&p.amqp, &p.dist, &p.epmd} {
		l, err := free()
		if err != nil {
			return ports{}, err
		}
		defer l.Close() //nolint:errcheck // held until all are found, so that they differ
		*port = portOf(l)
	}
	return p, nil
}

// FreePort finds a free port on the loopback address for a further listener of a node.
func FreePort() (int, error) {
	l, err := free()
	if err != nil {
		return 0, err
	}
	return portOf(l), l.Close()
}

// free listens on a free port.
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
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		return nil, fmt.Errorf("listen on port %d: %w", port, err)
	}
	return l, nil
}

func portOf(l *net.TCPListener) int {
	addr, _ := l.Addr().(*net.TCPAddr)
	return addr.Port
}

// nodeName returns the Erlang name of the node with these ports.
func (p ports) nodeName() string { return "registrar-" + strconv.Itoa(p.amqp) + "@localhost" }

// environ returns the environment of a node in dir: the environment of this process without the
// variables of RabbitMQ and Erlang, and the node's own settings.
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
		"HOME="+dir,                // Erlang's cookie is there
		"ERL_CRASH_DUMP_SECONDS=0", // a crash dump holds the cookie and would be written to the working directory
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

// prepare writes the configuration files of a node in dir.
func prepare(dir string, o Options) error {
	plugins := "[" + strings.Join(o.Plugins, ",") + "].\n"
	for name, text := range map[string]string{"rabbitmq.conf": config + o.Config, "plugins": plugins} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("write the node's settings: %w", err)
		}
	}
	return nil
}
