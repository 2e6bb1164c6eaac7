package memory

import (
	"bytes"
	"context"
	"fmt"

	"registrar/amqpbridge/link"
)

// publisher publishes for a session. Each confirmed publishing occupies a place until its result
// is reported.
type publisher struct {
	s        *session
	onReturn func(link.Publishing)
	window   chan struct{}
}

// result is the result of a confirmed publishing that the broker may delay. It is reported once.
type result struct {
	p        *publisher
	done     func(error)
	reported bool
}

// Publisher implements [link.Session].
func (s *session) Publisher(ctx context.Context, spec link.PublisherSpec) (link.Publisher, error) {
	p := &publisher{s: s, onReturn: spec.OnReturn, window: make(chan struct{}, link.Window)}
	if err := s.use(ctx, "open publisher", func() error { return nil }); err != nil {
		return nil, err
	}
	return p, nil
}

// Publish implements [link.Publisher].
func (p *publisher) Publish(ctx context.Context, m link.Publishing) error {
	return p.publish(ctx, m, func(m link.Publishing, taken bool) {
		if !taken && m.Mandatory && p.onReturn != nil {
			back := copied(m)
			p.s.addCallback(func() { p.onReturn(back) })
		}
	})
}

// publish routes a message, and calls routed with the lock held. taken reports whether a queue
// took the message. As with RabbitMQ, a missing exchange ends the session, and the call itself
// succeeds.
func (p *publisher) publish(ctx context.Context, m link.Publishing, routed func(m link.Publishing, taken bool)) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	m, err := link.Checked(m)
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	p.s.b.locked(func() {
		switch {
		case p.s.ended():
			err = fmt.Errorf("publish: %w", link.ErrClosed)
			return
		case p.s.b.blocked:
			err = fmt.Errorf("publish: %w", link.ErrBlocked)
			return
		}
		queues, ok := p.s.b.routed(m.Exchange, m.Key)
		if !ok {
			p.s.end(fmt.Errorf("%w: exchange %s", link.ErrNotFound, m.Exchange))
			routed(m, true) // the end of the session is the result
			return
		}
		for _, q := range queues {
			q.put(copied(m), nil)
		}
		routed(m, len(queues) > 0)
	})
	return err
}

// copied returns a message with its own body.
func copied(m link.Publishing) link.Publishing {
	m.Body = bytes.Clone(m.Body)
	return m
}

// PublishConfirmed implements [link.Publisher].
func (p *publisher) PublishConfirmed(ctx context.Context, m link.Publishing, done func(error)) {
	select {
	case p.window <- struct{}{}:
	case <-ctx.Done():
		done(fmt.Errorf("publish: %w", ctx.Err()))
		return
	case <-p.s.done:
		done(fmt.Errorf("publish: %w", link.ErrClosed))
		return
	}
	o := &result{p: p, done: done}
	err := p.publish(ctx, m, func(_ link.Publishing, taken bool) {
		var result error
		if !taken && m.Mandatory {
			result = fmt.Errorf("publish: %w", link.ErrReturned)
		}
		if p.s.ended() {
			result = fmt.Errorf("publish: %w", p.s.err)
		}
		if !p.s.b.holding || p.s.ended() {
			o.report(result)
			return
		}
		p.s.held = append(p.s.held, o)
		p.s.b.held = append(p.s.b.held, func() { o.report(result) })
	})
	if err != nil {
		<-p.window
		done(err)
	}
}

// report reports the result once. The caller holds the lock.
func (o *result) report(err error) {
	if o.reported {
		return
	}
	o.reported = true
	o.p.s.addCallback(func() {
		<-o.p.window
		o.done(err)
	})
}
