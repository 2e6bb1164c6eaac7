package client

import (
	"context"
	"sync/atomic"
	"time"

	"registrar/amqpbridge/link"
	"registrar/amqpbridge/wire"
)

const (
	connectTimeout = 10 * time.Second
	reconnectDelay = 50 * time.Millisecond // between two attempts
)

// ReconnectingClient is a client that connects again when it loses its session. Without a session
// its calls fail with [ErrDisconnected].
type ReconnectingClient struct {
	conn    atomic.Pointer[Conn] // nil while disconnected
	cancel  context.CancelFunc
	stopped chan struct{}
}

// NewReconnecting returns a client that connects in the background until it is closed.
func NewReconnecting(d link.Dialer, config Config) *ReconnectingClient {
	ctx, cancel := context.WithCancel(context.Background())
	c := &ReconnectingClient{cancel: cancel, stopped: make(chan struct{})}
	go c.run(ctx, d, config)
	return c
}

// Close closes the connection and stops reconnecting.
func (c *ReconnectingClient) Close() {
	c.cancel()
	<-c.stopped
}

// Authn is [Conn.Authn].
func (c *ReconnectingClient) Authn(ctx context.Context, realm, user string) (wire.Message, error) {
	if conn := c.conn.Load(); conn != nil {
		return conn.Authn(ctx, realm, user)
	}
	return nil, ErrDisconnected
}

// Report is [Conn.Report].
func (c *ReconnectingClient) Report(ctx context.Context, r Registration) error {
	if conn := c.conn.Load(); conn != nil {
		return conn.Report(ctx, r)
	}
	return ErrDisconnected
}

// Query is [Conn.Query].
func (c *ReconnectingClient) Query(ctx context.Context, realm, user string, fields ...string) (wire.Message, error) {
	if conn := c.conn.Load(); conn != nil {
		return conn.Query(ctx, realm, user, fields...)
	}
	return nil, ErrDisconnected
}

func (c *ReconnectingClient) run(ctx context.Context, d link.Dialer, config Config) {
	defer close(c.stopped)
	// All connections share the counter: a late reply to a request of one connection must not
	// match a request of the next.
	ids := new(atomic.Uint64)
	delay := time.NewTicker(reconnectDelay)
	defer delay.Stop()
	for ctx.Err() == nil {
		if conn, err := dial(ctx, d, config, ids); err == nil {
			c.serve(ctx, conn)
		}
		select {
		case <-delay.C:
		case <-ctx.Done():
		}
	}
}

// serve makes a connection available until its session ends or the client is closed.
func (c *ReconnectingClient) serve(ctx context.Context, conn *Conn) {
	c.conn.Store(conn)
	select {
	case <-conn.session.Done():
	case <-ctx.Done():
	}
	c.conn.Store(nil)
	_ = conn.Close(context.WithoutCancel(ctx)) // the session may have ended already
}

func dial(ctx context.Context, d link.Dialer, config Config, ids *atomic.Uint64) (*Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	return connect(ctx, d, config, ids)
}
