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
	attempts  = 3                // when ports are taken by others
	readyTime = 2 * time.Minute  // from start to the first declare; 5 s are usual
	stopTime  = 20 * time.Second // for an end in order; 6 s are usual
)

// Options say how to run a node.
type Options struct {
	// Dir is where the node keeps its data; it is created if need be and stays. Empty means a temporary directory, removed when
	// the node or this process ends.
	Dir string
	// Config is further lines of rabbitmq.conf, Plugins what is enabled.
	Config  string
	Plugins []string
	// Env is further environment, NAME=VALUE.
	Env []string
	// Log is told when the node starts and stops.
	Log zerolog.Logger
}

// Node is a private RabbitMQ. Its lock is held while it starts or stops.
type Node struct {
	opts  Options
	tools tools
	dir   string
	ports ports

	mu     sync.Mutex
	keeper *child // of epmd
	server *child
}

// Start runs a node and waits until it serves. It returns [ErrNotInstalled] when there is nothing to run. When ctx ends before it
// serves, nothing of it remains; afterwards ctx has no meaning for it.
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
	if err := n.first(ctx); err != nil {
		return nil, errors.Join(err, n.stop())
	}
	return n, nil
}

// first starts the node for the first time, on other ports if some were taken by others in the meantime.
func (n *Node) first(ctx context.Context) error {
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
		if !n.taken() {
			break
		}
	}
	return failed
}

// up starts what does not run and waits until the broker serves.
func (n *Node) up(ctx context.Context) error {
	if n.keeper == nil {
		k, err := n.keep()
		if err != nil {
			return err
		}
		n.keeper = k
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
	n.opts.Log.Info().Int("port", n.ports.amqp).Int("pid", server.cmd.Process.Pid).Dur("took", time.Since(began)).Msg("broker serves")
	return nil
}

// down ends both children at once.
func (n *Node) down() {
	if n.server != nil {
		n.server.kill()
		n.server = nil
	}
	if n.keeper != nil {
		n.release()
		n.keeper = nil
	}
}

// Dir returns the node's directory. What else is put into it goes with the node, however its process dies.
func (n *Node) Dir() string { return n.dir }

// URL returns the address of the node's first virtual host. It holds over restarts.
func (n *Node) URL() string { return fmt.Sprintf("amqp://guest:guest@127.0.0.1:%d/", n.ports.amqp) }

// Pid returns the process id of the broker, 0 while it does not run.
func (n *Node) Pid() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.server == nil || !n.server.alive() {
		return 0
	}
	return n.server.cmd.Process.Pid
}

// Kill ends the broker with SIGKILL. Its data remain; [Node.Restart] starts it again. A quorum queue that was declared less than half a
// second before comes up empty and without a leader: RabbitMQ saves the directory of these queues with that delay.
func (n *Node) Kill() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.server != nil {
		n.server.kill()
		n.opts.Log.Info().Int("port", n.ports.amqp).Msg("broker killed")
	}
}

// Restart starts the broker again, with its data and on its port, and waits until it serves. One that runs is first stopped in order, which
// takes about six seconds.
func (n *Node) Restart(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.keeper == nil {
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

// Stop ends the node for good, at once: what it keeps is worth nothing without a [Options.Dir]. Stopping again does nothing.
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

// output is the file with what the broker and epmd say beside the log.
func (n *Node) output() string { return filepath.Join(n.dir, "output") }
