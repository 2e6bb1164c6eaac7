package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"
)

const (
	attempts  = 3                // starts when other processes took the ports
	readyTime = 2 * time.Minute  // from start to the first declared queue, usually 5 s
	stopTime  = 20 * time.Second // from SIGTERM to the end, usually 6 s
)

// Options configures a node. The zero value is usable.
type Options struct {
	// Dir is the directory of the node's data. It is created if necessary and kept. When empty, a
	// temporary directory is used and removed when the node or this process ends.
	Dir string
	// Config holds further lines of rabbitmq.conf, Plugins the enabled plugins.
	Config  string
	Plugins []string
	// Env holds further environment variables, NAME=VALUE.
	Env []string
	// Log receives a message when the broker starts and when it is killed.
	Log zerolog.Logger
}

// Node is a private RabbitMQ. The mutex is held while the node starts or stops.
type Node struct {
	opts  Options
	tools tools
	dir   string
	ports ports

	mu     sync.Mutex
	epmd   *child
	server *child
}

// Start starts a node and waits until it serves. It returns [ErrNotInstalled] when no RabbitMQ is
// installed. When ctx ends before the node serves, nothing of it remains. Later the end of ctx has
// no effect.
func Start(ctx context.Context, o Options) (*Node, error) {
	found, err := find()
	if err != nil {
		return nil, err
	}
	o.Log = o.Log.With().Str("component", "node").Logger()
	n := &Node{opts: o, tools: found, dir: o.Dir}
	if n.dir == "" {
		n.dir, err = os.MkdirTemp("", "registrar-rabbitmq-")
	} else {
		err = os.MkdirAll(n.dir, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("make the node's directory: %w", err)
	}
	if n.dir, err = filepath.Abs(n.dir); err != nil {
		return nil, fmt.Errorf("find the node's directory: %w", err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.startFirst(ctx); err != nil {
		return nil, errors.Join(err, n.stop())
	}
	return n, nil
}

// startFirst starts a new node. It tries other ports when another process took one meanwhile.
func (n *Node) startFirst(ctx context.Context) error {
	if err := prepare(n.dir, n.opts); err != nil {
		return err
	}
	var failed error
	for range attempts {
		p, err := freePorts()
		if err != nil {
			return err
		}
		n.ports = p
		if failed = n.up(ctx); failed == nil || ctx.Err() != nil {
			return failed
		}
		n.down()
		if !n.portsTaken() {
			break
		}
	}
	return failed
}

// up starts epmd unless it runs, starts the broker and waits until it serves.
func (n *Node) up(ctx context.Context) error {
	if n.epmd == nil {
		epmd, err := n.startEpmd()
		if err != nil {
			return err
		}
		n.epmd = epmd
		if err := n.awaitEpmd(ctx); err != nil {
			return err
		}
	}
	began := time.Now()
	server, err := spawn(append(n.ports.environ(n.dir), n.opts.Env...), n.output(), n.tools.server)
	if err != nil {
		return err
	}
	n.server = server
	if err := n.awaitReady(ctx); err != nil {
		return err
	}
	n.opts.Log.Info().Int("port", n.ports.amqp).Int("pid", server.cmd.Process.Pid).Dur("took", time.Since(began)).Msg("private broker started")
	return nil
}

// down kills the broker and ends epmd.
func (n *Node) down() {
	if n.server != nil {
		n.server.kill()
		n.server = nil
	}
	if n.epmd != nil {
		n.stopEpmd()
		n.epmd = nil
	}
}

// Dir returns the node's directory. Files that others put into a temporary one are removed with it.
func (n *Node) Dir() string { return n.dir }

// URL returns the address of the node's default virtual host. Restarts keep it.
func (n *Node) URL() string { return fmt.Sprintf("amqp://guest:guest@127.0.0.1:%d/", n.ports.amqp) }

// Pid returns the process id of the broker, or 0 while it does not run.
func (n *Node) Pid() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.server == nil || !n.server.alive() {
		return 0
	}
	return n.server.cmd.Process.Pid
}

// Kill ends the broker with SIGKILL. Its data remain; [Node.Restart] starts it again. A quorum
// queue declared less than 500 ms before comes up empty and without a leader: RabbitMQ 3.10 saves
// the list of these queues with that delay.
func (n *Node) Kill() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.server != nil {
		n.server.kill()
		n.opts.Log.Info().Int("port", n.ports.amqp).Msg("private broker killed")
	}
}

// Restart starts the broker again, with its data and on its port, and waits until it serves. A
// running broker is stopped with SIGTERM first, which takes about six seconds.
func (n *Node) Restart(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.epmd == nil {
		return errors.New("restart: the node was stopped")
	}
	if n.server != nil {
		n.server.signal(syscall.SIGTERM)
		if !n.server.wait(stopTime) {
			n.server.kill()
		}
	}
	if err := n.up(ctx); err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	return nil
}

// Stop kills the node for good and removes its temporary directory; a directory given in
// [Options.Dir] is kept. Stopping again does nothing.
func (n *Node) Stop() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.stop()
}

func (n *Node) stop() error {
	n.down()
	if n.opts.Dir != "" {
		return nil
	}
	if err := os.RemoveAll(n.dir); err != nil {
		return fmt.Errorf("remove the node's directory: %w", err)
	}
	return nil
}

// output returns the path of the file with the standard output and error of the broker and epmd.
func (n *Node) output() string { return filepath.Join(n.dir, "output") }
