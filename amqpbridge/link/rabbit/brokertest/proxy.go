package brokertest

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Proxy stands between a session and the broker, and does what networks do.
type Proxy struct {
	tb     testing.TB
	target string
	l      net.Listener
	tasks  sync.WaitGroup

	mu      sync.Mutex
	conns   []net.Conn
	there   chan struct{} // closed when nothing reaches the broker any more
	back    chan struct{} // closed when nothing of the broker's arrives any more
	refuses bool
}

// NewProxy returns a proxy and the address that leads through it. With wrap it speaks TLS.
func NewProxy(tb testing.TB, address string, wrap func(net.Listener) net.Listener) (*Proxy, string) {
	tb.Helper()
	u, err := url.Parse(address)
	if err != nil {
		tb.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &Proxy{tb: tb, target: u.Host, l: l}
	p.Heal()
	u.Host = l.Addr().String()
	if wrap != nil {
		p.l = wrap(l)
		u.Scheme = "amqps"
	}
	p.tasks.Go(p.accept)
	tb.Cleanup(func() {
		_ = p.l.Close()
		p.Reset()
		p.tasks.Wait()
	})
	return p, u.String()
}

func (p *Proxy) accept() {
	for {
		near, err := p.l.Accept()
		if err != nil {
			return
		}
		far, err := new(net.Dialer).DialContext(context.WithoutCancel(p.tb.Context()), "tcp", p.target)
		if err != nil {
			_ = near.Close()
			continue
		}
		p.mu.Lock()
		there, back, refuses := p.there, p.back, p.refuses
		if !refuses {
			p.conns = append(p.conns, near, far)
		}
		p.mu.Unlock()
		if refuses {
			reset(near, far)
			continue
		}
		p.tasks.Go(func() { p.pipe(near, far, back) })
		p.tasks.Go(func() { p.pipe(far, near, there) })
	}
}

// pipe copies until a connection ends or the black hole begins, after which nothing is read any more.
func (p *Proxy) pipe(to, from net.Conn, hole <-chan struct{}) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		select {
		case <-hole:
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

// BlackHole lets nothing through any more, and no end of a connection either.
func (p *Proxy) BlackHole() {
	p.DropOutbound()
	p.DropInbound()
}

// Mute lets nothing through to the broker, its heartbeats miss us; what it says arrives.
func (p *Proxy) DropOutbound() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.there)
}

// Deafen lets nothing through from the broker, its heartbeats among it; what is said to it arrives.
func (p *Proxy) DropInbound() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.back)
}

// Refuse ends new connections at once; those that there are go on.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuses = true
}

// Heal lets new connections through again; those in a black hole stay there.
func (p *Proxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.there, p.back, p.refuses = make(chan struct{}), make(chan struct{}), false
}

// Reset ends all connections with RST.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	reset(p.conns...)
	p.conns = nil
}

func reset(conns ...net.Conn) {
	for _, c := range conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = c.Close()
	}
}
