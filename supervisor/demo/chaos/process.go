package chaos

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"registrar/supervisor"
	"registrar/supervisor/console"
)

// guardScript runs the registrar ("$@") and prints its process ID. It kills the registrar when
// its own standard input closes because the parent has died.
const guardScript = `
exec 3<&0
"$@" 3<&- </dev/null & pid=$!
echo "$pid"
{ read -r _ <&3; kill -9 "$pid"; } >/dev/null 2>&1 & keeper=$!
exec 3<&-
wait "$pid"; code=$?
kill "$keeper" 2>/dev/null
exit "$code"
`

// process is a registrar as a child process, on a data directory that outlives it. Its methods
// are for one goroutine, except client and get.
type process struct {
	program []string // command line of registrar
	env     []string
	dir     string // of the data directory and the log
	broker  string
	admin   string
	client  *console.Client
	http    *http.Client

	guard  *exec.Cmd
	stdin  io.Closer
	pid    atomic.Int64 // 0 while it does not run
	ended  chan struct{}
	starts atomic.Int64
}

func newProcess(ctx context.Context, program, env []string, dir, broker string) (*process, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	p := &process{program: program, env: env, dir: dir, broker: broker, admin: l.Addr().String(), http: &http.Client{Timeout: 5 * time.Second}}
	p.client = console.NewClient(filepath.Join(p.data(), supervisor.ControlSocket))
	if err := l.Close(); err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	return p, nil
}

func (p *process) data() string { return filepath.Join(p.dir, "data") }

// start starts the registrar without waiting until it is ready.
func (p *process) start(ctx context.Context) error {
	out, err := os.OpenFile(filepath.Join(p.dir, "registrar.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("start the registrar: %w", err)
	}
	defer out.Close() //nolint:errcheck // the child has its own copy
	args := append([]string{"-c", guardScript, "keeper"}, p.program...)
	args = append(args, "serve", "--allow-faults", "--data", p.data(), "--amqp", p.broker, "--admin", p.admin, "--log-level", "warn")
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "/bin/sh", args...) //nolint:gosec // the program is the caller's
	cmd.Stderr, cmd.Env = out, append(os.Environ(), p.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the parent
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("start the registrar: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start the registrar: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the registrar: %w", err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	pid, bad := strconv.ParseInt(strings.TrimSpace(line), 10, 32)
	if err := errors.Join(err, bad); err != nil {
		return fmt.Errorf("start the registrar: %w", errors.Join(err, stdin.Close(), cmd.Wait()))
	}
	ended := make(chan struct{})
	p.guard, p.stdin, p.ended = cmd, stdin, ended
	p.pid.Store(pid)
	p.starts.Add(1)
	go func() {
		defer close(ended)
		_ = cmd.Wait() // the log has the reason
		p.pid.Store(0)
	}()
	return nil
}

// kill ends the registrar with SIGKILL and waits for its end.
func (p *process) kill() {
	if p.ended == nil {
		return
	}
	if pid := p.pid.Load(); pid != 0 {
		_ = syscall.Kill(int(pid), syscall.SIGKILL) // it may have ended just now
	}
	<-p.ended
	_ = p.stdin.Close() // the reader has ended
}

// ready reports whether the registrar is ready, and why not.
func (p *process) ready(ctx context.Context) (ok bool, why string) {
	text, status, err := p.get(ctx, "/readyz")
	if err != nil {
		return false, err.Error()
	}
	return status == http.StatusOK, text
}

// get reads a page of the admin server.
func (p *process) get(ctx context.Context, path string) (text string, status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.admin+path, nil)
	if err != nil {
		return "", 0, fmt.Errorf("ask the admin server: %w", err)
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return "", 0, fmt.Errorf("ask the admin server: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // the body is read
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", 0, fmt.Errorf("ask the admin server: %w", err)
	}
	return string(body), resp.StatusCode, nil
}

// lastLog returns the end of the log.
func (p *process) lastLog() string {
	const lines, width = 10, 300
	text, err := os.ReadFile(filepath.Join(p.dir, "registrar.log"))
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	all = all[max(0, len(all)-lines):]
	for i, line := range all {
		all[i] = line[:min(len(line), width)]
	}
	return strings.Join(all, "\n")
}
