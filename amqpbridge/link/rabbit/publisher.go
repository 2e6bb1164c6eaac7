package rabbit

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"registrar/amqpbridge/link"
)

// returnsBuffer is the number of returns that may wait for OnReturn. Beyond it the library blocks
// the connection.
const returnsBuffer = 1024

// publisher has two channels, because confirms for unconfirmed publishings would cost the broker
// and the client. Each confirmed publishing occupies a place until its result; open holds them in
// the order of publishing and has capacity for all. mu keeps that order. It also prevents closing
// a channel during a publishing, because their frames must not interleave.
type publisher struct {
	s                *session
	plain, confirmed *amqp.Channel
	window           chan struct{}
	open             chan outcome

	mu    sync.Mutex
	ended bool
	seq   uint64
}

// outcome is a publishing that waits for its confirm. id is the Message-Id of a mandatory one;
// the broker returns it with the message.
type outcome struct {
	confirm confirm
	id      string
	done    func(error)
}

// confirm is the used part of [amqp.DeferredConfirmation].
type confirm interface {
	Done() <-chan struct{}
	Acked() bool
}

// Publisher implements [link.Session].
func (s *session) Publisher(ctx context.Context, spec link.PublisherSpec) (link.Publisher, error) {
	p, err := s.publisher(ctx, spec)
	if err != nil {
		s.fail(err)
		return nil, fmt.Errorf("open publisher: %w", err)
	}
	return p, nil
}

func (s *session) publisher(ctx context.Context, spec link.PublisherSpec) (*publisher, error) {
	p := &publisher{s: s, window: make(chan struct{}, link.Window), open: make(chan outcome, link.Window)}
	var err error
	if p.plain, err = s.open(ctx); err != nil {
		return nil, err
	}
	if p.confirmed, err = s.open(ctx); err != nil {
		return nil, err
	}
	if err = s.call(ctx, func() error { return p.confirmed.Confirm(false) }); err != nil {
		return nil, err
	}
	for _, ch := range []*amqp.Channel{p.plain, p.confirmed} {
		closed := ch.NotifyClose(make(chan *amqp.Error, 1))
		if !s.start(func() { s.watchChannel(closed) }) {
			return nil, s.Err()
		}
	}
	gone := p.plain.NotifyReturn(make(chan amqp.Return, returnsBuffer))
	returned := p.confirmed.NotifyReturn(make(chan amqp.Return, returnsBuffer))
	if !s.start(func() { reportReturns(gone, spec.OnReturn) }) || !s.start(func() { p.reportOutcomes(returned) }) {
		return nil, s.Err()
	}
	s.mu.Lock()
	s.publishers = append(s.publishers, p)
	s.mu.Unlock()
	return p, nil
}

func reportReturns(gone <-chan amqp.Return, tell func(link.Publishing)) {
	for r := range gone {
		if tell != nil {
			tell(returned(&r))
		}
	}
}

// Publish implements [link.Publisher].
func (p *publisher) Publish(ctx context.Context, m link.Publishing) error {
	if err := p.publish(ctx, m); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

func (p *publisher) publish(ctx context.Context, m link.Publishing) error {
	msg, err := p.ready(ctx, m)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return link.ErrClosed
	}
	return p.sent(p.plain.PublishWithContext(context.WithoutCancel(ctx), m.Exchange, m.Key, m.Mandatory, false, msg))
}

// ready checks whether the session accepts publishings, and converts the message.
func (p *publisher) ready(ctx context.Context, m link.Publishing) (amqp.Publishing, error) {
	if err := ctx.Err(); err != nil {
		return amqp.Publishing{}, err //nolint:wrapcheck // the callers wrap it.
	}
	if p.s.Err() != nil {
		return amqp.Publishing{}, link.ErrClosed
	}
	if p.s.Blocked() {
		return amqp.Publishing{}, link.ErrBlocked
	}
	return publishing(m)
}

// sent handles the error of a write. After any error the frames may be incomplete, so the session
// ends.
func (p *publisher) sent(err error) error {
	err = wrap(err)
	if err != nil && !errors.Is(err, link.ErrClosed) {
		p.s.fail(err)
	}
	return err
}

// PublishConfirmed implements [link.Publisher].
func (p *publisher) PublishConfirmed(ctx context.Context, m link.Publishing, done func(error)) {
	if err := p.publishConfirmed(ctx, m, done); err != nil {
		done(fmt.Errorf("publish: %w", err))
	}
}

func (p *publisher) publishConfirmed(ctx context.Context, m link.Publishing, done func(error)) error {
	msg, err := p.ready(ctx, m)
	if err != nil {
		return err
	}
	select {
	case p.window <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // PublishConfirmed wraps it.
	case <-p.s.done:
		return link.ErrClosed
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		<-p.window
		return link.ErrClosed
	}
	o := outcome{done: done}
	if m.Mandatory {
		p.seq++
		o.id = strconv.FormatUint(p.seq, 10)
		msg.MessageId = o.id
	}
	deferred, err := p.confirmed.PublishWithDeferredConfirm(m.Exchange, m.Key, m.Mandatory, false, msg)
	if err = p.sent(err); err != nil {
		<-p.window
		return err
	}
	o.confirm = deferred
	p.open <- o // never blocks: its capacity is the number of places
	return nil
}
