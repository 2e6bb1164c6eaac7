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

// network is the way from the registrar to the broker: a proxy that does what networks do. One goroutine at a time does harm to it.
type network struct{ proxy *toxiproxy.Proxy }

// newNetwork opens a way to a broker, and returns the address that leads over it.
func newNetwork(address string) (*network, string, error) {
	toxics.Register(forgetting, new(hole))
	u, err := url.Parse(address)
	if err != nil {
		return nil, "", fmt.Errorf("the broker's address: %w", err)
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

// mend lets connections through again.
func (n *network) mend() error {
	if err := n.proxy.Start(); err != nil {
		return fmt.Errorf("mend the network: %w", err)
	}
	return nil
}

// slow has everything take longer, each way, give or take a half.
func (n *network) slow(by time.Duration) error {
	for _, way := range []string{"upstream", "downstream"} {
		err := n.add(fmt.Sprintf(`{"name":"slow-%s","type":"latency","stream":%q,"attributes":{"latency":%d,"jitter":%d}}`, way, way, by.Milliseconds(), by.Milliseconds()/2))
		if err != nil {
			return err
		}
	}
	return nil
}

// forget has the connections that are there carry nothing any more, though neither end is told, as when a router has lost its table. New ones are
// not touched; so whoever is to work again has to notice by itself.
func (n *network) forget(ctx context.Context) error {
	n.proxy.Toxics.ResetToxics(ctx)
	for _, way := range []string{"upstream", "downstream"} {
		if err := n.add(fmt.Sprintf(`{"name":"forget-%s","type":%q,"stream":%q}`, way, forgetting, way)); err != nil {
			return err
		}
	}
	return nil
}

// heal takes away whatever slows or swallows.
func (n *network) heal(ctx context.Context) error {
	n.proxy.Toxics.ResetToxics(ctx)
	return nil
}

// close ends the way for good.
func (n *network) close(ctx context.Context) {
	n.proxy.Toxics.ResetToxics(ctx)
	n.proxy.Stop()
}

func (n *network) add(toxic string) error {
	added, err := n.proxy.Toxics.AddToxicJson(strings.NewReader(toxic))
	if err != nil {
		return fmt.Errorf("harm the network: %w", err)
	}
	if h, ok := added.Toxic.(*hole); ok {
		h.done.Store(true)
	}
	return nil
}

// forgetting is the name of the toxic hole.
const forgetting = "forgetting"

// hole swallows what comes over the connections that were there when it was made, and lets the others be.
type hole struct{ done atomic.Bool }

// NewState says of a connection whether it is swallowed.
func (h *hole) NewState() any { return !h.done.Load() }

// Pipe is [toxics.Toxic]. That one end has gone is swallowed, too.
func (*hole) Pipe(s *toxics.ToxicStub) {
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
