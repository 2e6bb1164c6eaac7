package node_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/otp/otptest"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/rabbit"
	"registrar/amqpbridge/link/rabbit/brokertest"
	"registrar/amqpbridge/link/rabbit/node"
)

// orphanMode is the environment variable that makes this test binary run a node and print its
// address instead of running tests. TestEndsWithItsParent kills that process.
const orphanMode = "NODE_TEST_ORPHAN"

func TestMain(m *testing.M) {
	if _, ok := os.LookupEnv(orphanMode); ok {
		runOrphan()
		return
	}
	otptest.Main(m)
}

func runOrphan() {
	n, err := node.Start(context.Background(), node.Options{})
	if err != nil {
		_, _ = os.Stdout.WriteString("failed " + err.Error() + "\n")
		return
	}
	_, _ = os.Stdout.WriteString("up " + n.URL() + " " + strconv.Itoa(n.Pid()) + "\n")
	select {}
}

func installed(t *testing.T) {
	t.Helper()
	if !node.Available() {
		brokertest.Missing(t, "no RabbitMQ: install rabbitmq-server")
	}
}

func start(t *testing.T, o node.Options) *node.Node {
	t.Helper()
	installed(t)
	n, err := node.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(); err != nil {
			t.Error(err)
		}
	})
	return n
}

func dial(t *testing.T, address string) link.Session {
	t.Helper()
	s, err := rabbit.New(rabbit.Config{URLs: []string{address}, DialTimeout: 20 * time.Second, Log: zerolog.Nop()}).Dial(t.Context(), t.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.WithoutCancel(t.Context())) })
	return s
}

func durable(name string) link.Topology {
	return link.Topology{Queues: []link.Queue{{Name: name, Durable: true}}}
}

func TestServesAndKeepsItsDataOverKillAndRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := start(t, node.Options{Dir: dir})
	t.Run("on the loopback address only", func(t *testing.T) { listensOnLoopbackOnly(t, n) })
	if err := dial(t, n.URL()).Apply(t.Context(), durable("kept")); err != nil {
		t.Fatal(err)
	}
	if out, err := n.Ctl(t.Context(), "eval", "mnesia:sync_log()."); err != nil { // else the kill may lose the queue
		t.Fatalf("%v: %s", err, out)
	}
	before := n.Pid()
	n.Kill()
	if n.Pid() != 0 {
		t.Error("the broker still runs after Kill")
	}
	if _, err := rabbit.New(rabbit.Config{URLs: []string{n.URL()}}).Dial(t.Context(), "late"); !errors.Is(err, link.ErrRefused) {
		t.Errorf("dialing a killed broker: %v, want %v", err, link.ErrRefused)
	}
	if err := n.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := n.Pid(); after == 0 || after == before {
		t.Errorf("the broker's process was %d and is %d after the restart", before, after)
	}
	queues := ""
	for began := time.Now(); !strings.Contains(queues, "kept"); { // queues start one after the other
		var err error
		if queues, err = n.Ctl(t.Context(), "list_queues", "name"); err != nil || time.Since(began) > time.Minute {
			t.Fatalf("queues after the restart: %q, %v", queues, err)
		}
	}
	vhosts, err := n.AddVhosts(t.Context(), "more", "and-more")
	if err != nil || len(vhosts) != 2 {
		t.Fatal(vhosts, err)
	}
	for _, vhost := range vhosts {
		if err := dial(t, vhost).Apply(t.Context(), durable("there")); err != nil {
			t.Error(err)
		}
	}
	if err := n.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "mnesia")); err != nil {
		t.Errorf("the data in a directory that was given should stay: %v", err)
	}
	if err := n.Restart(t.Context()); err == nil {
		t.Error("a node that was stopped can be restarted")
	}
}

func listensOnLoopbackOnly(t *testing.T, n *node.Node) {
	t.Helper()
	out, err := n.Ctl(t.Context(), "eval", "[A || P <- erlang:ports(), {ok, {A, _}} <- [inet:sockname(P)]].")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, "{127,0,0,1}") || strings.Contains(out, "{0,0,0,0}") {
		t.Errorf("the node's sockets are on %s", out)
	}
}

func TestStartGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	installed(t)
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := node.Start(ctx, node.Options{Dir: dir}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("started within 300 ms: %v", err)
	}
}

// A node that crashes at its start leaves no crash dump in the working directory. It is not started
// again, because its ports were free.
func TestCrashLeavesNothingBehind(t *testing.T) {
	installed(t)
	t.Chdir(t.TempDir())
	dir := t.TempDir()
	if n, err := node.Start(t.Context(), node.Options{Dir: dir, Log: zerolog.Nop(), Env: []string{"HOME=/dev/null"}}); err == nil { // the cookie cannot be written
		t.Error("the node has started")
		_ = n.Stop()
	}
	if said, err := os.ReadFile(filepath.Join(dir, "output")); err != nil || strings.Count(string(said), "Kernel pid terminated (") > 1 {
		t.Errorf("the node was started more than once: %v\n%s", err, said)
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// After kill -9 of the parent nothing of a node remains: no broker, no epmd, no directory.
func TestEndsWithItsParent(t *testing.T) {
	t.Parallel()
	installed(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	tmp := t.TempDir()
	parent := exec.CommandContext(t.Context(), self)
	parent.Env = append(os.Environ(), orphanMode+"=1", "TMPDIR="+tmp)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	said := strings.Fields(line)
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	if len(said) != 3 || said[0] != "up" {
		t.Fatalf("the parent said %q", line)
	}
	address, err := url.Parse(said[1])
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(said[2])
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the broker's port closes", func() bool {
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", address.Host)
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	await(t, "the broker's process ends", func() bool { return gone(pid) })
	await(t, "the directory goes", func() bool {
		left, err := os.ReadDir(tmp)
		return err == nil && len(left) == 0
	})
}

// gone reports whether a process has ended. A zombie counts as ended.
func gone(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err == nil && strings.Contains(string(stat), ") Z ")
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	if !otptest.Eventually(ok) {
		t.Fatalf("waited in vain until %s", what)
	}
}
