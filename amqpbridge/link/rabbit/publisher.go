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

// returnsBuffer is how many returns may wait for OnReturn: the library stalls the connection behind a full one.
const returnsBuffer = 1024

// publisher has two channels: confirms of what nobody waits for would cost the broker and us. A place is taken for each confirmed
// publishing until its outcome; open holds them in the order of publishing and has room for all places. The lock keeps that
// order, and keeps the end of the channels away from a publishing: their frames must not mix.
type publisher struct {
	s                *session
	plain, confirmed *amqp.Channel
	places           chan struct{}
	open             chan outcome

	mu    sync.Mutex
	ended bool
	seq   uint64
}

// outcome is a publishing that waits for its confirm. Its id is the Message-Id of a mandatory one: the broker returns it with the message.
type outcome struct {
	confirm confirm
	id      string
	done    func(error)
}

// confirm is what the library's deferred confirmation does here.
type confirm interface {
	Done() <-chan struct{}
	Acked() bool
}

// Publisher opens the channels of a publisher.
func (s *session) Publisher(ctx context.Context, spec link.PublisherSpec) (link.Publisher, error) {
	p, err := s.publisher(ctx, spec)
	if err != nil {
		s.fail(err)
		return nil, fmt.Errorf("open publisher: %w", err)
	}
	return p, nil
}

func (s *session) publisher(ctx context.Context, spec link.PublisherSpec) (*publisher, error) {
	p := &publisher{s: s, places: make(chan struct{}, link.Window), open: make(chan outcome, link.Window)}
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
	if !s.start(func() { tellReturns(gone, spec.OnReturn) }) || !s.start(func() { p.tellOutcomes(returned) }) {
		return nil, s.Err()
	}
	s.mu.Lock()
	s.publishers = append(s.publishers, p)
	s.mu.Unlock()
	return p, nil
}

func tellReturns(gone <-chan amqp.Return, tell func(link.Publishing)) {
	for r := range gone {
		if tell != nil {
			tell(returned(&r))
		}
	}
}

// Publish sends and forgets.
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

// ready looks at what stands in the way of publishing, and translates.
func (p *publisher) ready(ctx context.Context, m link.Publishing) (amqp.Publishing, error) {
	if err := ctx.Err(); err != nil {
		return amqp.Publishing{}, err
	}
	if p.s.Err() != nil {
		return amqp.Publishing{}, link.ErrClosed
	}
	if p.s.Blocked() {
		return amqp.Publishing{}, link.ErrBlocked
	}
	return publishing(m)
}

// sent judges an error of sending: whatever it is, the frames may be incomplete, so the session is over.
func (p *publisher) sent(err error) error {
	err = wrap(err)
	if err != nil && !errors.Is(err, link.ErrClosed) {
		p.s.fail(err)
	}
	return err
}

// PublishConfirmed sends and has the outcome told.
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
	case p.places <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-p.s.done:
		return link.ErrClosed
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		<-p.places
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
		<-p.places
		return err
	}
	o.confirm = deferred
	p.open <- o // has room: there are no more places than that
	return nil
}
