package rabbit

import (
	"context"
	"fmt"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"registrar/amqpbridge/link"
)

// publisher publishes on two channels: one without confirms for what is worthless when late, one with them for what must arrive.
// The second is opened when it is first needed.
type publisher struct {
	s        *session
	spec     link.PublisherSpec
	plain    *amqp.Channel
	mu       sync.Mutex
	sure     *amqp.Channel
	returns  chan amqp.Return
	returned map[string]bool // message ids that came back
	seq      uint64
	window   chan struct{}
}

// window is how many confirms may be outstanding.
const window = 500

// Publisher opens the publishing channel.
func (s *session) Publisher(ctx context.Context, spec link.PublisherSpec) (link.Publisher, error) {
	ch, err := s.channel(ctx)
	if err != nil {
		return nil, err
	}
	s.follow(ch)
	p := &publisher{s: s, spec: spec, plain: ch, returned: map[string]bool{}, window: make(chan struct{}, window)}
	returns := ch.NotifyReturn(make(chan amqp.Return, 64))
	go func() {
		for r := range returns {
			if spec.OnReturn != nil {
				spec.OnReturn(link.Publishing{Exchange: r.Exchange, Key: r.RoutingKey, Body: r.Body})
			}
		}
	}()
	return p, nil
}

// Publish sends without a confirm.
func (p *publisher) Publish(ctx context.Context, m link.Publishing) error {
	if err := p.plain.PublishWithContext(ctx, m.Exchange, m.Key, m.Mandatory, false, encode(m, "")); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

// PublishConfirmed sends and has done called with the outcome.
func (p *publisher) PublishConfirmed(ctx context.Context, m link.Publishing, done func(error)) {
	go func() { done(p.confirmed(ctx, m)) }()
}

func (p *publisher) confirmed(ctx context.Context, m link.Publishing) error {
	select {
	case p.window <- struct{}{}:
		defer func() { <-p.window }()
	case <-ctx.Done():
		return fmt.Errorf("publish: %w", context.Cause(ctx))
	case <-p.s.done:
		return p.s.Err()
	}
	ch, id, err := p.confirming(ctx)
	if err != nil {
		return err
	}
	confirm, err := ch.PublishWithDeferredConfirmWithContext(ctx, m.Exchange, m.Key, m.Mandatory, false, encode(m, id))
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	select {
	case <-confirm.Done():
	case <-ctx.Done():
		return fmt.Errorf("publish: %w", context.Cause(ctx))
	case <-p.s.done:
		return p.s.Err()
	}
	switch {
	case p.cameBack(id):
		return link.ErrUnroutable
	case !confirm.Acked():
		return link.ErrNotConfirmed
	}
	return nil
}

// confirming returns the confirming channel, opened on first use, and an id for the next message: a return comes before the
// confirm and is matched by it.
func (p *publisher) confirming(ctx context.Context) (*amqp.Channel, string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seq++
	id := fmt.Sprintf("registrar-%d", p.seq)
	if p.sure != nil {
		return p.sure, id, nil
	}
	ch, err := p.s.channel(ctx)
	if err != nil {
		return nil, "", err
	}
	p.s.follow(ch)
	if err := p.s.guarded(ctx, "confirm mode", func() error { return ch.Confirm(false) }); err != nil {
		return nil, "", err
	}
	p.returns = ch.NotifyReturn(make(chan amqp.Return, window))
	p.sure = ch
	return ch, id, nil
}

// cameBack reports whether a confirmed message was returned: the return is in the channel before the confirm is seen.
func (p *publisher) cameBack(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		select {
		case r, ok := <-p.returns:
			if ok {
				p.returned[r.MessageId] = true
				continue
			}
		default:
		}
		back := p.returned[id]
		delete(p.returned, id)
		return back
	}
}

func encode(m link.Publishing, id string) amqp.Publishing {
	mode := amqp.Transient
	if m.Persistent {
		mode = amqp.Persistent
	}
	return amqp.Publishing{Headers: m.Headers, ContentType: m.ContentType, DeliveryMode: mode, MessageId: id, Body: m.Body}
}
