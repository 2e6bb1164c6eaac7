package rabbit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"registrar/amqpbridge/link"
)

// A broker that has just started does not find its entities for a while. These are the total time
// and the interval of retries.
const (
	retryTime     = 30 * time.Second
	retryInterval = 100 * time.Millisecond
)

// setup is the state of one Apply: its channel. An error closes the channel; the next call opens
// another.
type setup struct {
	s  *session
	ch *amqp.Channel
}

// Apply implements [link.Session].
func (s *session) Apply(ctx context.Context, t link.Topology) error {
	s.setup.Lock()
	defer s.setup.Unlock()
	u := &setup{s: s}
	err := u.apply(ctx, t)
	if err == nil && u.ch != nil {
		err = s.call(ctx, u.ch.Close)
	}
	if err != nil {
		s.fail(err)
		return fmt.Errorf("apply topology: %w", err)
	}
	return nil
}

func (u *setup) apply(ctx context.Context, t link.Topology) error {
	for _, x := range t.Exchanges {
		if err := u.exchange(ctx, x); err != nil {
			return fmt.Errorf("declare exchange %s: %w", x.Name, err)
		}
	}
	for _, q := range t.Queues {
		if err := u.queue(ctx, q); err != nil {
			return fmt.Errorf("declare queue %s: %w", q.Name, err)
		}
	}
	for _, b := range t.Bindings {
		if err := u.bind(ctx, t, b); err != nil {
			return fmt.Errorf("bind queue %s to %s with %s: %w", b.Queue, b.Exchange, b.Key, err)
		}
	}
	return nil
}

// bind binds a queue. A declared queue that is not found is still starting, or was deleted: it is
// declared again.
func (u *setup) bind(ctx context.Context, t link.Topology, b link.Binding) error {
	name := u.s.QueueName(b.Queue)
	return retryNotFound(ctx, u.s.isDeclared(b.Queue, b.Exchange), func() error {
		err := u.do(ctx, func(ch *amqp.Channel) error { return ch.QueueBind(name, b.Key, b.Exchange, false, nil) })
		for _, q := range t.Queues {
			if q.Name == b.Queue && q.Kind != link.ServerNamed && errors.Is(err, link.ErrNotFound) {
				_, _ = u.declare(ctx, q) // the next attempt shows the result
			}
		}
		return err
	})
}

// exchange declares an exchange. If it exists with other flags, it is used unchanged.
func (u *setup) exchange(ctx context.Context, x link.Exchange) error {
	err := u.do(ctx, func(ch *amqp.Channel) error {
		return ch.ExchangeDeclare(x.Name, x.Kind, x.Durable, false, false, false, nil)
	})
	if errors.Is(err, link.ErrConflict) {
		reason := err.Error()
		err = u.do(ctx, func(ch *amqp.Channel) error { // a passive declare checks the name only
			return ch.ExchangeDeclarePassive(x.Name, x.Kind, x.Durable, false, false, false, nil)
		})
		if err == nil {
			u.s.note(link.Notice{Exchange: x.Name, Reason: reason})
		}
	}
	if err == nil {
		u.s.mu.Lock()
		u.s.exchanges[x.Name] = true
		u.s.mu.Unlock()
	}
	return err
}

func (u *setup) queue(ctx context.Context, q link.Queue) error {
	if q.Kind == link.ServerNamed && u.s.QueueName(q.Name) != q.Name {
		return nil // this session has declared it
	}
	var got amqp.Queue
	err := retryNotFound(ctx, true, func() (err error) {
		got, err = u.declare(ctx, q)
		return err
	})
	if err != nil {
		return err
	}
	u.s.mu.Lock()
	u.s.declared[q.Name] = got.Name
	u.s.mu.Unlock()
	return nil
}

func (u *setup) declare(ctx context.Context, q link.Queue) (got amqp.Queue, err error) {
	if q.Kind == link.Quorum && u.s.quorumless.Load() {
		u.s.noteQueue(q.Name)
		q.Kind, q.Durable, q.DeliveryLimit = link.Classic, true, 0
	}
	name, exclusive, durable := q.Name, q.Exclusive, q.Durable || q.Kind == link.Quorum
	if q.Kind == link.ServerNamed {
		name, exclusive, durable = "", true, false
	}
	err = u.do(ctx, func(ch *amqp.Channel) (err error) {
		got, err = ch.QueueDeclare(name, durable, q.AutoDelete, exclusive, false, arguments(q))
		return err //nolint:wrapcheck // session.call wraps it.
	})
	if q.Kind == link.Quorum && err != nil && strings.Contains(err.Error(), noFeature) {
		u.s.quorumless.Store(true) // the broker closes the connection; the next session declares a classic queue
	}
	return got, err
}

// noFeature is part of RabbitMQ's error when the feature flag of quorum queues was never enabled.
const noFeature = "feature flag is disabled"

// arguments returns the optional arguments of a queue. They are legal from RabbitMQ 3.10 to 4.3.
func arguments(q link.Queue) amqp.Table {
	args := amqp.Table{amqp.QueueTypeArg: q.Kind.String()}
	set := func(name string, value int64) {
		if value > 0 {
			args[name] = value
		}
	}
	set(amqp.QueueMessageTTLArg, q.TTL.Milliseconds())
	set(amqp.QueueMaxLenArg, int64(q.MaxLength))
	set(amqp.QueueTTLArg, q.Expires.Milliseconds())
	set("x-delivery-limit", int64(q.DeliveryLimit))
	if q.SingleActive {
		args[amqp.SingleActiveConsumerArg] = true
	}
	if q.DeadLetterExchange != "" || q.DeadLetterKey != "" {
		args["x-dead-letter-exchange"] = q.DeadLetterExchange
	}
	if q.DeadLetterKey != "" {
		args["x-dead-letter-routing-key"] = q.DeadLetterKey
	}
	return args
}

// retryNotFound retries f while the broker does not find a known entity: queues start after the
// listener.
func retryNotFound(ctx context.Context, known bool, f func() error) error {
	until := time.Now().Add(retryTime)
	for {
		err := f()
		if !known || !errors.Is(err, link.ErrNotFound) || time.Now().After(until) {
			return err
		}
		select {
		case <-time.After(retryInterval):
		case <-ctx.Done():
			return err
		}
	}
}

// do calls f with the open channel. An error of the broker has closed the channel.
func (u *setup) do(ctx context.Context, f func(*amqp.Channel) error) error {
	if u.ch == nil {
		ch, err := u.s.open(ctx)
		if err != nil {
			return err
		}
		u.ch = ch
	}
	err := u.s.call(ctx, func() error { return f(u.ch) })
	if err != nil {
		u.ch = nil
	}
	return err
}

// open opens a channel.
func (s *session) open(ctx context.Context) (ch *amqp.Channel, err error) {
	err = s.call(ctx, func() error {
		ch, err = s.conn.Channel()
		return err //nolint:wrapcheck // session.call wraps it.
	})
	return ch, err //nolint:wrapcheck // session.call has wrapped it.
}

func (s *session) note(n link.Notice) {
	s.mu.Lock()
	s.notices = append(s.notices, n)
	s.mu.Unlock()
	s.log.Warn().Str("exchange", n.Exchange).Str("reason", n.Reason).Msg("exchange is used as it is")
}

func (s *session) noteQueue(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := link.Notice{Queue: name, Reason: "the broker has no quorum queues: it is a classic one"}
	if !slices.Contains(s.notices, n) {
		s.notices = append(s.notices, n)
		s.log.Warn().Str("queue", name).Msg("the broker has no quorum queues: a classic one is used")
	}
}

// isDeclared reports whether this session has declared the queue and, unless its name is empty,
// the exchange.
func (s *session) isDeclared(queue, exchange string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.declared[queue]
	return ok && (exchange == "" || s.exchanges[exchange])
}
