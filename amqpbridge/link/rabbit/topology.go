package rabbit

import (
	"context"
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"registrar/amqpbridge/link"
)

const (
	applyTimeout = 30 * time.Second
	applyRetry   = 200 * time.Millisecond
)

// Apply declares and binds. Quorum and stream queues can answer with an error for a moment after a broker has started: that is tried
// again.
func (s *session) Apply(ctx context.Context, t link.Topology) error {
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	for _, e := range t.Exchanges {
		if err := s.exchange(ctx, e); err != nil {
			return err
		}
	}
	for _, q := range t.Queues {
		if err := s.again(ctx, func() error { return s.queue(ctx, q) }); err != nil {
			return err
		}
	}
	return s.again(ctx, func() error { return s.bind(ctx, t.Bindings) })
}

// once runs one declaration on a channel of its own: an error closes the channel, and with it only that.
func (s *session) onceOn(ctx context.Context, what string, call func(*amqp.Channel) error) error {
	ch, err := s.channel(ctx)
	if err != nil {
		return err
	}
	if err := s.guarded(ctx, what, func() error { return call(ch) }); err != nil {
		return err
	}
	return s.guarded(ctx, "close a channel", ch.Close)
}

func (s *session) exchange(ctx context.Context, e link.Exchange) error {
	err := s.onceOn(ctx, "declare exchange "+e.Name, func(ch *amqp.Channel) error {
		return ch.ExchangeDeclare(e.Name, e.Kind, false, false, false, false, nil)
	})
	if !hasCode(err, amqp.PreconditionFailed) {
		return err
	}
	s.log.Warn().Str("exchange", e.Name).Msg("the exchange is there with other properties: it is used as it is")
	return s.onceOn(ctx, "find exchange "+e.Name, func(ch *amqp.Channel) error {
		return ch.ExchangeDeclarePassive(e.Name, e.Kind, false, false, false, false, nil)
	})
}

func (s *session) queue(ctx context.Context, q link.Queue) error {
	args := amqp.Table{"x-queue-type": string(q.Kind)}
	if q.TTL > 0 {
		args["x-message-ttl"] = q.TTL.Milliseconds()
	}
	if q.Expires > 0 {
		args["x-expires"] = q.Expires.Milliseconds()
	}
	if q.MaxLength > 0 {
		args["x-max-length"] = int64(q.MaxLength)
	}
	if q.DeliveryLimit > 0 {
		args["x-delivery-limit"] = int64(q.DeliveryLimit)
	}
	if q.DeadLetter {
		args["x-dead-letter-exchange"] = q.DeadLetterExchange
		args["x-dead-letter-routing-key"] = q.DeadLetterKey
	}
	return s.onceOn(ctx, "declare queue "+q.Name, func(ch *amqp.Channel) error {
		_, err := ch.QueueDeclare(q.Name, q.Durable, q.AutoDelete, q.Exclusive, false, args)
		return err //nolint:wrapcheck // wrapped by guarded.
	})
}

func (s *session) bind(ctx context.Context, bindings []link.Binding) error {
	return s.onceOn(ctx, "bind", func(ch *amqp.Channel) error {
		for _, b := range bindings {
			if err := ch.QueueBind(b.Queue, b.Key, b.Exchange, false, nil); err != nil {
				return fmt.Errorf("%s to %s %s: %w", b.Queue, b.Exchange, b.Key, err)
			}
		}
		return nil
	})
}

// again tries a declaration again while the broker says that its queues are not up yet.
func (s *session) again(ctx context.Context, declare func() error) error {
	for {
		err := declare()
		if err == nil || s.Err() != nil || !hasCode(err, amqp.InternalError) && !hasCode(err, amqp.NotFound) {
			return err
		}
		t := time.NewTimer(applyRetry)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return err
		case <-s.done:
			t.Stop()
			return err
		}
	}
}

func hasCode(err error, code int) bool {
	var protocol *amqp.Error
	return errors.As(err, &protocol) && protocol.Code == code
}
