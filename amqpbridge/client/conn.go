package client

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"registrar/amqpbridge/link"
	"registrar/amqpbridge/wire"
)

// Conn is a client with one session.
type Conn struct {
	config    Config
	session   link.Session
	publisher link.Publisher
	ids       *atomic.Uint64 // last Msg-ID; shared by the successive Conns of a ReconnectingClient

	mu      sync.Mutex
	pending map[string]chan reply // by Msg-ID
}

// reply is the end of a request.
type reply struct {
	message wire.Message
	err     error
}

// Connect dials the broker and declares the client's reply queue.
func Connect(ctx context.Context, d link.Dialer, config Config) (*Conn, error) {
	return connect(ctx, d, config, new(atomic.Uint64))
}

func connect(ctx context.Context, d link.Dialer, config Config, ids *atomic.Uint64) (*Conn, error) {
	session, err := d.Dial(ctx, config.Name)
	if err != nil {
		return nil, fmt.Errorf("connect %s: %w", config.Name, err)
	}
	c := &Conn{config: config, session: session, ids: ids, pending: map[string]chan reply{}}
	if err := c.open(ctx); err != nil {
		return nil, fmt.Errorf("connect %s: %w", config.Name, errors.Join(err, session.Close(ctx)))
	}
	return c, nil
}

// Close closes the connection. Open requests fail with [ErrDisconnected].
func (c *Conn) Close(ctx context.Context) error {
	return c.session.Close(ctx)
}

// open declares the topology, opens the publisher and consumes the reply queue.
func (c *Conn) open(ctx context.Context) error {
	queue := c.config.Name + "-answers"
	err := c.session.Apply(ctx, link.Topology{
		Exchanges: []link.Exchange{
			{Name: "callmgr", Kind: "topic"}, {Name: "registrar", Kind: "topic"}, {Name: "targeted", Kind: "direct"},
		},
		Queues:   []link.Queue{{Name: queue, Kind: link.Classic, Exclusive: true, AutoDelete: true}},
		Bindings: []link.Binding{{Queue: queue, Exchange: "targeted", Key: c.config.Name}},
	})
	if err != nil {
		return err
	}
	if c.publisher, err = c.session.Publisher(ctx, link.PublisherSpec{OnReturn: c.onReturn}); err != nil {
		return err
	}
	acks := make(chan uint64, 4096)
	spec := link.ConsumerSpec{Queue: queue, Tag: c.config.Name, Prefetch: 2048}
	consumer, err := c.session.Consume(ctx, spec, func(d link.Delivery) {
		c.onReply(d)
		select {
		case acks <- d.Tag:
		case <-c.session.Done():
		}
	})
	if err != nil {
		return err
	}
	go c.acknowledge(consumer, acks)
	return nil
}

// acknowledge sends one acknowledgement for all replies that are waiting for one.
func (c *Conn) acknowledge(consumer link.Consumer, acks <-chan uint64) {
	for {
		select {
		case tag := <-acks:
			for more := true; more; {
				select {
				case tag = <-acks:
				default:
					more = false
				}
			}
			if consumer.Ack(tag, true) != nil {
				return // the session has ended
			}
		case <-c.session.Done():
			return
		}
	}
}

func (c *Conn) onReply(d link.Delivery) {
	m, err := wire.Decode(d.Body)
	if err != nil {
		return // a foreign message
	}
	switch m.(type) {
	case *wire.AuthnResponse, *wire.AuthnError, *wire.RegQueryResponse, *wire.RegQueryError:
		c.complete(wire.EnvelopeOf(m).MsgID, reply{message: m})
	}
}

// onReturn fails a request that the broker could not route.
func (c *Conn) onReturn(p link.Publishing) {
	switch m, _ := wire.Decode(p.Body); m := m.(type) {
	case *wire.AuthnRequest:
		c.complete(m.MsgID, reply{err: unroutableError{"authn requests"}})
	case *wire.RegQuery:
		c.complete(m.MsgID, reply{err: unroutableError{"registration queries"}})
	}
}

func (c *Conn) complete(id string, r reply) {
	c.mu.Lock()
	ch := c.pending[id]
	delete(c.pending, id)
	c.mu.Unlock()
	if ch != nil {
		ch <- r
	}
}

func (c *Conn) newID() string {
	return c.config.Name + "-" + strconv.FormatUint(c.ids.Add(1), 10)
}
