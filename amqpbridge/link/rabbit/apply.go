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

// How long, and how often, what a broker that has just started does not find is asked for again.
const (
	bootTime  = 30 * time.Second
	bootRetry = 100 * time.Millisecond
)

// setup is one run of Apply: its channel, which an error closes and the next call opens anew.
type setup struct {
	s  *session
	ch *amqp.Channel
}

// Apply declares and binds.
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

// bind binds. A queue that has just been declared and is not found is still coming up, or somebody has deleted it: it is declared again.
func (u *setup) bind(ctx context.Context, t link.Topology, b link.Binding) error {
	name := u.s.QueueName(b.Queue)
	return patient(ctx, u.s.isDeclared(b.Queue, b.Exchange), func() error {
		err := u.do(ctx, func(ch *amqp.Channel) error { return ch.QueueBind(name, b.Key, b.Exchange, false, nil) })
		for _, q := range t.Queues {
			if q.Name == b.Queue && q.Kind != link.ServerNamed && errors.Is(err, link.ErrNotFound) {
				_, _ = u.declare(ctx, q) // the next attempt to bind shows whether it worked
			}
		}
		return err
	})
}

// exchange declares; one that exists with other flags is used as it is.
func (u *setup) exchange(ctx context.Context, x link.Exchange) error {
	err := u.do(ctx, func(ch *amqp.Channel) error {
		return ch.ExchangeDeclare(x.Name, x.Kind, x.Durable, false, false, false, nil)
	})
	if errors.Is(err, link.ErrConflict) {
		reason := err.Error()
		err = u.do(ctx, func(ch *amqp.Channel) error { // passive: only the name counts
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
		return nil // this session has it already
	}
	var got amqp.Queue
	err := patient(ctx, true, func() (err error) {
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
	if q.Kind == link.Quorum && u.s.less.Load() {
		u.s.noteQueue(q.Name)
		q.Kind, q.Durable, q.DeliveryLimit = link.Classic, true, 0
	}
	name, exclusive, durable := q.Name, q.Exclusive, q.Durable || q.Kind == link.Quorum
	if q.Kind == link.ServerNamed {
		name, exclusive, durable = "", true, false
	}
	err = u.do(ctx, func(ch *amqp.Channel) (err error) {
		got, err = ch.QueueDeclare(name, durable, q.AutoDelete, exclusive, false, arguments(q))
		return err
	})
	if q.Kind == link.Quorum && err != nil && strings.Contains(err.Error(), noFeature) {
		u.s.less.Store(true) // the broker has ended the connection over it: the next session knows better
	}
	return got, err
}

// noFeature is how RabbitMQ says that it has no quorum queues because their feature flag was never enabled.
const noFeature = "feature flag is disabled"

// arguments returns the optional arguments of a queue, legal from RabbitMQ 3.10 to 4.3.
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

// patient asks again while the broker does not find what is known to be there: just after its start, queues are still coming up.
func patient(ctx context.Context, known bool, f func() error) error {
	until := time.Now().Add(bootTime)
	for {
		err := f()
		if !known || !errors.Is(err, link.ErrNotFound) || time.Now().After(until) {
			return err
		}
		select {
		case <-time.After(bootRetry):
		case <-ctx.Done():
			return err
		}
	}
}

// do calls f with the open channel; an error of the broker's has closed it.
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
		return err
	})
	return ch, err
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

// isDeclared reports whether this session has declared the queue and, unless it is empty, the exchange.
func (s *session) isDeclared(queue, exchange string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.declared[queue]
	return ok && (exchange == "" || s.exchanges[exchange])
}
