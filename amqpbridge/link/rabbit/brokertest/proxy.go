package brokertest

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Proxy is a TCP proxy between a session and the broker that simulates network faults.
type Proxy struct {
	tb     testing.TB
	target string
	l      net.Listener
	tasks  sync.WaitGroup

	mu       sync.Mutex
	conns    []net.Conn
	outbound chan struct{} // closed when bytes to the broker are dropped
	inbound  chan struct{} // closed when bytes from the broker are dropped
	refuses  bool
}

// NewProxy starts a proxy and returns the broker's address through it. A non-nil wrap adds TLS to
// the listener.
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
		outbound, inbound, refuses := p.outbound, p.inbound, p.refuses
		if !refuses {
			p.conns = append(p.conns, near, far)
		}
		p.mu.Unlock()
		if refuses {
			reset(near, far)
			continue
		}
		p.tasks.Go(func() { p.pipe(near, far, inbound) })
		p.tasks.Go(func() { p.pipe(far, near, outbound) })
	}
}

// pipe copies until a connection ends or drop is closed. Then it reads nothing more.
func (p *Proxy) pipe(to, from net.Conn, drop <-chan struct{}) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		select {
		case <-drop:
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

// BlackHole drops bytes in both directions and hides the end of connections.
func (p *Proxy) BlackHole() {
	p.DropOutbound()
	p.DropInbound()
}

// DropOutbound drops bytes to the broker, heartbeats as well. Bytes from the broker still arrive.
func (p *Proxy) DropOutbound() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.outbound)
}

// DropInbound drops bytes from the broker, heartbeats as well. Bytes to the broker still arrive.
func (p *Proxy) DropInbound() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.inbound)
}

// Refuse resets new connections. Existing connections go on.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuses = true
}

// Heal lets new connections through again. Connections whose bytes are dropped stay so.
func (p *Proxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.outbound, p.inbound, p.refuses = make(chan struct{}), make(chan struct{}), false
}

// Reset ends all connections with a TCP RST.
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
