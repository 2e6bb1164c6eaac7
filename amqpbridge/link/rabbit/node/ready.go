package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/rabbit"
)

// awaitReady waits until a queue can be declared. The broker opens its port and accepts logins
// earlier.
func (n *Node) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	dialer := rabbit.New(rabbit.Config{URLs: []string{n.URL()}, DialTimeout: 10 * time.Second, Log: zerolog.Nop()})
	return n.await(ctx, n.server, "broker", func(ctx context.Context) error {
		s, err := dialer.Dial(ctx, "ready?")
		if err != nil {
			return err
		}
		return errors.Join(
			s.Apply(ctx, link.Topology{Queues: []link.Queue{{Name: "ready", Kind: link.ServerNamed}}}),
			s.Close(ctx),
		)
	})
}

// lastWords returns the last 2,000 bytes of the output, for an error message.
func (n *Node) lastWords() string {
	const most = 2000
	text, err := os.ReadFile(n.output())
	if err != nil {
		return err.Error()
	}
	return string(bytes.TrimSpace(text[max(0, len(text)-most):]))
}

// portsTaken reports whether another process has a port of a node that did not start: the port is
// not free now, or the output says that it was not.
func (n *Node) portsTaken() bool {
	for _, port := range []int{n.ports.amqp, n.ports.dist, n.ports.epmd} {
		if l, err := listen(port); err != nil || l.Close() != nil {
			return true
		}
	}
	said, err := os.ReadFile(n.output())
	return err == nil && (bytes.Contains(said, []byte("eaddrinuse")) || bytes.Contains(said, []byte("dist_port_already_used")))
}

// Ctl runs rabbitmqctl on the node, quietly, and returns what it prints.
func (n *Node) Ctl(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, n.tools.ctl, append([]string{"-q"}, args...)...)
	cmd.Env = n.ports.environ(n.dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("rabbitmqctl %s: %w: %s", args[0], err, bytes.TrimSpace(out))
	}
	return string(out), nil
}

// AddVhosts adds virtual hosts with all permissions for the user guest and returns their
// addresses. They exist until the node stops. A name has letters, digits, dots and dashes only.
// The first takes about 500 ms, each further one about 50 ms.
func (n *Node) AddVhosts(ctx context.Context, names ...string) ([]string, error) {
	addresses := make([]string, len(names))
	quoted := make([]string, len(names))
	for i, name := range names {
		addresses[i], quoted[i] = n.URL()+name, `<<"`+name+`">>`
	}
	// One call adds all and syncs them to disk, so that kill -9 does not remove them.
	expr := fmt.Sprintf(`[begin ok = rabbit_vhost:add(V, <<"node">>), `+
		`ok = rabbit_auth_backend_internal:set_permissions(<<"guest">>, V, <<".*">>, <<".*">>, <<".*">>, <<"node">>) end || V <- [%s]], `+
		`mnesia:sync_log().`, strings.Join(quoted, ","))
	if _, err := n.Ctl(ctx, "eval", expr); err != nil {
		return nil, fmt.Errorf("add virtual hosts %s: %w", strings.Join(names, ", "), err)
	}
	return addresses, nil
}
