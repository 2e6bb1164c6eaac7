package chaos

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"
)

// network is the connection from the registrar to the broker: a proxy that injects network
// faults. One goroutine at a time changes it.
type network struct{ proxy *toxiproxy.Proxy }

// newNetwork opens a proxy to a broker and returns the URL through it.
func newNetwork(address string) (*network, string, error) {
	toxics.Register(blackholeType, new(blackhole))
	u, err := url.Parse(address)
	if err != nil {
		return nil, "", fmt.Errorf("parse the broker's URL: %w", err)
	}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	n := &network{proxy: toxiproxy.NewProxy(server, "broker", "127.0.0.1:0", u.Host)}
	if err := n.proxy.Start(); err != nil {
		return nil, "", fmt.Errorf("open the proxy: %w", err)
	}
	u.Host = n.proxy.Listen
	return n, u.String(), nil
}

// cut ends all connections and refuses new ones.
func (n *network) cut() { n.proxy.Stop() }

// mend accepts connections again.
func (n *network) mend() error {
	if err := n.proxy.Start(); err != nil {
		return fmt.Errorf("mend the network: %w", err)
	}
	return nil
}

// slow delays each direction by this time, plus or minus half of it.
func (n *network) slow(by time.Duration) error {
	for _, way := range []string{"upstream", "downstream"} {
		err := n.add(fmt.Sprintf(`{"name":"slow-%s","type":"latency","stream":%q,"attributes":{"latency":%d,"jitter":%d}}`, way, way, by.Milliseconds(), by.Milliseconds()/2))
		if err != nil {
			return err
		}
	}
	return nil
}

// forget makes the present connections half-open: they carry nothing more, and neither end is
// told, as when a router loses its table. New connections work, so each end must notice by
// itself.
func (n *network) forget(ctx context.Context) error {
	n.proxy.Toxics.ResetToxics(ctx)
	for _, way := range []string{"upstream", "downstream"} {
		if err := n.add(fmt.Sprintf(`{"name":"forget-%s","type":%q,"stream":%q}`, way, blackholeType, way)); err != nil {
			return err
		}
	}
	return nil
}

// heal removes delays and half-open connections.
func (n *network) heal(ctx context.Context) error {
	n.proxy.Toxics.ResetToxics(ctx)
	return nil
}

// close ends the proxy.
func (n *network) close(ctx context.Context) {
	n.proxy.Toxics.ResetToxics(ctx)
	n.proxy.Stop()
}

func (n *network) add(toxic string) error {
	added, err := n.proxy.Toxics.AddToxicJson(strings.NewReader(toxic))
	if err != nil {
		return fmt.Errorf("inject a network fault: %w", err)
	}
	if h, ok := added.Toxic.(*blackhole); ok {
		h.done.Store(true)
	}
	return nil
}

// blackholeType is the name of the toxic blackhole.
const blackholeType = "forgetting"

// blackhole drops the data of the connections that existed when it was made.
type blackhole struct{ done atomic.Bool }

// NewState returns whether the blackhole drops the data of a connection.
func (h *blackhole) NewState() any { return !h.done.Load() }

// Pipe implements [toxics.Toxic]. It also drops the end of the connection.
func (*blackhole) Pipe(s *toxics.ToxicStub) {
	if swallowed, _ := s.State.(bool); !swallowed {
		new(toxics.NoopToxic).Pipe(s)
		return
	}
	in := s.Input
	for {
		select {
		case c := <-in:
			if c == nil {
				in = nil
			}
		case <-s.Interrupt:
			return
		}
	}
}
