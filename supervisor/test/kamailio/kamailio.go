package kamailio

import (
	"bytes"
	"context"
	_ "embed" // for the templates
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"text/template"
	"time"
)

//go:embed kamailio.cfg.tmpl
var proxyTemplate string

//go:embed sipp.xml.tmpl
var phoneTemplate string

// startWithin bounds the start of a Kamailio.
const startWithin = time.Minute

// Available returns an error that names the missing Debian packages, nil when there are none.
func Available() error {
	var missing []string
	for pkg, path := range map[string]string{
		"kamailio": "/usr/sbin/kamailio", "kamailio-kazoo-modules": modules() + "/kazoo.so", "sip-tester": "/usr/bin/sipp",
	} {
		if _, err := os.Stat(path); err != nil {
			missing = append(missing, pkg)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("not installed: %s", strings.Join(missing, ", "))
	}
	return nil
}

func modules() string {
	found, err := filepath.Glob("/usr/lib/*/kamailio/modules")
	if err != nil || len(found) == 0 {
		return "/usr/lib/kamailio/modules"
	}
	return found[0]
}

// Config configures a proxy.
type Config struct {
	// AMQP is the URL of the broker, Node the name of the proxy on it, Dir an empty directory.
	AMQP, Node, Dir string
}

// Proxy is a running Kamailio. It belongs to one goroutine.
type Proxy struct {
	dir  string
	port int
	cmd  *exec.Cmd
	done chan struct{}
	cseq int // increases over all registrations: a phone keeps its Call-ID
}

// Start starts a Kamailio and returns when it answers.
func Start(ctx context.Context, c Config) (*Proxy, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	return start(ctx, c.Dir, proxyTemplate, map[string]any{"Node": c.Node, "AMQP": strings.TrimRight(c.AMQP, "/")})
}

// start starts a Kamailio with a configuration.
func start(ctx context.Context, dir, text string, with map[string]any) (*Proxy, error) {
	p := &Proxy{dir: dir, done: make(chan struct{})}
	var err error
	if p.port, err = freePort(); err != nil {
		return nil, err
	}
	with["Port"], with["Modules"] = p.port, modules()
	cfg, err := fill(text, with)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "kamailio.cfg")
	if err := os.WriteFile(path, cfg, 0o600); err != nil {
		return nil, fmt.Errorf("kamailio: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(dir, "kamailio.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("kamailio: %w", err)
	}
	defer func() { _ = log.Close() }() // the child has its own copy
	p.cmd = exec.Command("/usr/sbin/kamailio", "-f", path, "-DD", "-E", "-m", "512", "-Y", dir, "-P", filepath.Join(dir, "pid"))
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start kamailio: %w", err)
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // its exit status does not matter
	}()
	if err := p.await(ctx); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// await sends OPTIONS until there is an answer.
func (p *Proxy) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond) // a probe fails at once while nothing listens
	defer tick.Stop()
	for {
		if p.answers() {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("kamailio ended while it started:\n%s", p.Log())
		case <-ctx.Done():
			return fmt.Errorf("kamailio did not answer in time: %w\n%s", context.Cause(ctx), p.Log())
		case <-tick.C:
		}
	}
}

func (p *Proxy) answers() bool {
	conn, err := net.Dial("udp", p.Addr())
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }() // a probe
	const probe = "OPTIONS sip:probe SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKprobe\r\nMax-Forwards: 5\r\nFrom: <sip:probe@localhost>;tag=1\r\n" +
		"To: <sip:probe@localhost>\r\nCall-ID: probe\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
	_ = conn.SetDeadline(time.Now().Add(200 * time.Millisecond))
	if _, err := fmt.Fprintf(conn, probe, conn.LocalAddr()); err != nil {
		return false
	}
	n, err := conn.Read(make([]byte, 2048))
	return err == nil && n > 0
}

// Addr returns host:port of the proxy.
func (p *Proxy) Addr() string { return fmt.Sprintf("127.0.0.1:%d", p.port) }

// Log returns the end of the proxy's log.
func (p *Proxy) Log() string {
	b, err := os.ReadFile(filepath.Join(p.dir, "kamailio.log"))
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-4000):])
}

// Stop kills the proxy and its children.
func (p *Proxy) Stop() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // its own process group; it may have ended
	<-p.done
}

func fill(text string, with map[string]any) ([]byte, error) {
	t, err := template.New("").Parse(text)
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, with); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	return b.Bytes(), nil
}

func freePort() (int, error) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("no free port: %w", err)
	}
	a, ok := c.LocalAddr().(*net.UDPAddr)
	if !ok {
		return 0, errors.Join(errors.New("no UDP address"), c.Close())
	}
	if err := c.Close(); err != nil {
		return 0, fmt.Errorf("free the port: %w", err)
	}
	return a.Port, nil
}
