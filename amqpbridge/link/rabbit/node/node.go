package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// readyWithin is how long a node may take to start; on a slow machine it takes about six seconds.
const readyWithin = 90 * time.Second

// ErrNotInstalled means that there is no rabbitmq-server on this machine.
var ErrNotInstalled = errors.New("rabbitmq-server is not installed")

// Node is a running private broker. It is for one goroutine.
type Node struct {
	dir      string
	port     int
	distPort int
	epmdPort int
	epmd     *child
	server   *child
}

// child is a process of ours and the pipe that keeps it alive.
type child struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	done  chan struct{}
}

// Server returns the path of an installed rabbitmq-server: Debian's or Homebrew's, not the wrapper that changes the user.
func Server() (string, error) {
	for _, p := range []string{
		"/usr/lib/rabbitmq/bin/rabbitmq-server", "/opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server", "/usr/local/opt/rabbitmq/sbin/rabbitmq-server",
	} {
		if _, err := os.Stat(p); err == nil {
			return p, nil
		}
	}
	return "", ErrNotInstalled
}

// Start starts a node in dir, which should be empty, and returns when it takes connections.
func Start(ctx context.Context, dir string) (*Node, error) {
	n := &Node{dir: dir}
	if err := errors.Join(freePort(&n.port), freePort(&n.distPort), freePort(&n.epmdPort)); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "enabled_plugins"), []byte("[].\n"), 0o600); err != nil {
		return nil, fmt.Errorf("broker directory: %w", err)
	}
	conf := "loopback_users = none\nvm_memory_high_watermark.absolute = 1GB\ndisk_free_limit.absolute = 50MB\nlog.file.level = warning\n"
	if err := os.WriteFile(filepath.Join(dir, "rabbitmq.conf"), []byte(conf), 0o600); err != nil {
		return nil, fmt.Errorf("broker directory: %w", err)
	}
	return n, n.Restart(ctx)
}

// URL returns the address of the broker.
func (n *Node) URL() string { return fmt.Sprintf("amqp://guest:guest@127.0.0.1:%d", n.port) }

// Restart starts the broker again after [Node.Kill], with its data, and returns when it takes connections.
func (n *Node) Restart(ctx context.Context) error {
	server, err := Server()
	if err != nil {
		return err
	}
	epmd, err := exec.LookPath("epmd")
	if err != nil {
		return fmt.Errorf("%w: no epmd", ErrNotInstalled)
	}
	if n.epmd == nil {
		if n.epmd, err = n.spawn(epmd); err != nil {
			return err
		}
	}
	if n.server, err = n.spawn(server); err != nil {
		n.Stop()
		return err
	}
	if err := n.await(ctx); err != nil {
		n.Stop()
		return err
	}
	return nil
}

func (n *Node) spawn(path string) (*child, error) {
	cmd := exec.Command(path)
	cmd.Dir, cmd.Env = n.dir, n.env()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the parent alone
	setDeathSignal(cmd.SysProcAttr)
	log, err := os.OpenFile(filepath.Join(n.dir, filepath.Base(path)+".out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("broker directory: %w", err)
	}
	defer func() { _ = log.Close() }() // the child has its own
	cmd.Stdout, cmd.Stderr = log, log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(path), err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(path), err)
	}
	c := &child{cmd: cmd, stdin: stdin, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		_ = cmd.Wait() // however it ended, it has
	}()
	return c, nil
}

func (n *Node) env() []string {
	in := func(name string) string { return filepath.Join(n.dir, name) }
	return append(os.Environ(),
		"HOME="+n.dir, "RABBITMQ_NODENAME=registrar"+strconv.Itoa(n.port)+"@localhost",
		"RABBITMQ_NODE_IP_ADDRESS=127.0.0.1", "RABBITMQ_NODE_PORT="+strconv.Itoa(n.port), "RABBITMQ_DIST_PORT="+strconv.Itoa(n.distPort),
		"RABBITMQ_MNESIA_BASE="+in("mnesia"), "RABBITMQ_LOG_BASE="+in("log"), "RABBITMQ_ENABLED_PLUGINS_FILE="+in("enabled_plugins"),
		"RABBITMQ_CONFIG_FILE="+in("rabbitmq.conf"), "RABBITMQ_GENERATED_CONFIG_DIR="+in("config"),
		"RABBITMQ_FEATURE_FLAGS_FILE="+in("feature_flags"), "RABBITMQ_PID_FILE="+in("pid"), "RABBITMQ_CONF_ENV_FILE=/dev/null",
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}", "RABBITMQ_ALLOW_INPUT=true",
		"ERL_EPMD_PORT="+strconv.Itoa(n.epmdPort), "ERL_EPMD_ADDRESS=127.0.0.1",
	)
}

// await returns when the broker declares a queue.
func (n *Node) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if declares(n.URL()) {
			return nil
		}
		select {
		case <-tick.C:
		case <-n.server.done:
			return fmt.Errorf("rabbitmq-server ended while it started; see %s", filepath.Join(n.dir, "rabbitmq-server.out"))
		case <-ctx.Done():
			return fmt.Errorf("rabbitmq-server was not ready in time: %w", context.Cause(ctx))
		}
	}
}

func declares(url string) bool {
	conn, err := amqp.Dial(url)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }() // a trial
	ch, err := conn.Channel()
	if err != nil {
		return false
	}
	_, err = ch.QueueDeclare("", false, true, true, false, nil)
	return err == nil
}

// Kill kills the broker as kill -9 does. Its data stay.
func (n *Node) Kill() { n.server.kill() }

// Stop kills broker and epmd. The directory is the caller's to delete.
func (n *Node) Stop() {
	n.server.kill()
	n.epmd.kill()
}

func (c *child) kill() {
	if c == nil {
		return
	}
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL) // its own group; gone already is gone
	_ = c.stdin.Close()                                   // as above
	<-c.done
}

func freePort(port *int) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("no free port: %w", err)
	}
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		*port = a.Port
	}
	return l.Close() //nolint:wrapcheck // cannot fail in a way that matters.
}
