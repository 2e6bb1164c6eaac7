package client

import (
	"context"
	"sync/atomic"
	"time"

	"registrar/amqpbridge/link"
	"registrar/amqpbridge/wire"
)

// Line is what phones speak through: a [Switch], or a [Trunk].
type Client interface {
	// Authn, Report and Query are those of [Switch].
	Authn(ctx context.Context, realm, user string) (wire.Message, error)
	Report(ctx context.Context, r Registration) error
	Query(ctx context.Context, realm, user string, fields ...string) (wire.Message, error)
}

const (
	trunkDial  = 10 * time.Second      // the longest wait for one connection
	trunkPause = 50 * time.Millisecond // between two attempts
)

// Trunk is a switch that dials again whenever it has lost its broker; until it is back everything is refused with [ErrEnded]. What was under way
// when the broker went fails, too: whether it has arrived nobody knows. It is safe for use by many goroutines.
type ReconnectingClient struct {
	now    atomic.Pointer[Conn] // nil while there is no broker
	cancel context.CancelFunc
	ended  chan struct{}
}

// Keep returns a trunk of a name that no other peer on the broker has. It connects in the background, until it is closed.
func NewReconnecting(d link.Dialer, name string, g wire.Generation) *ReconnectingClient {
	ctx, cancel := context.WithCancel(context.Background())
	t := &ReconnectingClient{cancel: cancel, ended: make(chan struct{})}
	go t.run(ctx, d, name, g)
	return t
}

func (t *ReconnectingClient) run(ctx context.Context, d link.Dialer, name string, g wire.Generation) {
	defer close(t.ended)
	ids := new(atomic.Uint64) // of all its switches: a late answer to a question of one must not be taken for another's
	pause := time.NewTicker(trunkPause)
	defer pause.Stop()
	for ctx.Err() == nil {
		if s, err := dial(ctx, d, name, g, ids); err == nil {
			t.now.Store(s)
			select {
			case <-s.session.Done():
			case <-ctx.Done():
			}
			t.now.Store(nil)
			_ = s.Close(context.WithoutCancel(ctx)) // it has ended, or nobody wants it any more
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
	}
}

func dial(ctx context.Context, d link.Dialer, name string, g wire.Generation, ids *atomic.Uint64) (*Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, trunkDial)
	defer cancel()
	return connect(ctx, d, name, g, ids)
}

// Close disconnects the trunk for good.
func (t *ReconnectingClient) Close() {
	t.cancel()
	<-t.ended
}

// Authn is [Switch.Authn].
func (t *ReconnectingClient) Authn(ctx context.Context, realm, user string) (wire.Message, error) {
	if s := t.now.Load(); s != nil {
		return s.Authn(ctx, realm, user)
	}
	return nil, ErrEnded
}

// Report is [Switch.Report].
func (t *ReconnectingClient) Report(ctx context.Context, r Registration) error {
	if s := t.now.Load(); s != nil {
		return s.Report(ctx, r)
	}
	return ErrEnded
}

// Query is [Switch.Query].
func (t *ReconnectingClient) Query(ctx context.Context, realm, user string, fields ...string) (wire.Message, error) {
	if s := t.now.Load(); s != nil {
		return s.Query(ctx, realm, user, fields...)
	}
	return nil, ErrEnded
}
