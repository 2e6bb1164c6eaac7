package rabbit_test

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// proxy stands between a session and the broker, and does what networks do.
type proxy struct {
	t      *testing.T
	target string
	l      net.Listener
	tasks  sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
	hole  chan struct{} // closed when a black hole begins
}

// newProxy returns a proxy and the address that leads through it.
func newProxy(t *testing.T, address string, wrap func(net.Listener) net.Listener) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, target: u.Host, l: l, hole: make(chan struct{})}
	u.Host = l.Addr().String()
	if wrap != nil {
		p.l = wrap(l)
		u.Scheme = "amqps"
	}
	p.tasks.Go(p.accept)
	t.Cleanup(func() {
		_ = p.l.Close()
		p.reset()
		p.tasks.Wait()
	})
	return p, u.String()
}

func (p *proxy) accept() {
	for {
		near, err := p.l.Accept()
		if err != nil {
			return
		}
		far, err := new(net.Dialer).DialContext(context.WithoutCancel(p.t.Context()), "tcp", p.target)
		if err != nil {
			_ = near.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, near, far)
		p.mu.Unlock()
		p.tasks.Go(func() { p.pipe(near, far) })
		p.tasks.Go(func() { p.pipe(far, near) })
	}
}

// pipe copies until a connection ends or the black hole begins, after which nothing is read any more.
func (p *proxy) pipe(to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		select {
		case <-p.hole:
			return
		default:
		}
		if err != nil {
			_ = to.Close()
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			_, _ = io.Copy(io.Discard, from)
			return
		}
	}
}

// blackHole lets nothing through any more, and no end of a connection either.
func (p *proxy) blackHole() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.hole)
}

// reset ends all connections with RST.
func (p *proxy) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = c.Close()
	}
	p.conns = nil
}
