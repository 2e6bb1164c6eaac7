package node

import (
	"fmt"
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

// freePorts asks the system for ports. Somebody else may take one before the node does; [Start] then asks again.
func freePorts() (ports, error) {
	var p ports
	for _, port := range []*int{&p.amqp, &p.dist, &p.epmd} {
		l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			return ports{}, fmt.Errorf("find a free port: %w", err)
		}
		defer l.Close() //nolint:errcheck // held until all are found, so that they differ.
		if addr, ok := l.Addr().(*net.TCPAddr); ok {
			*port = addr.Port
		}
	}
	return p, nil
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
