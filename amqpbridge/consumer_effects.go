package amqpbridge

import (
	"context"
	"errors"
	"time"

	"registrar/actors/fault"
	"registrar/actors/otp"
	"registrar/amqpbridge/delivery"
	"registrar/amqpbridge/link"
)

const (
	// consumeRetry is the delay before another basic.consume after one was refused.
	consumeRetry = 500 * time.Millisecond
	// pausePoll is how often a paused consumer looks whether replies can be published.
	pausePoll = 50 * time.Millisecond
)

// errUnanswerable is the status of a paused consumer.
var errUnanswerable = errors.New("replies cannot be published; requests are left to other registrars")

// transition takes the state through an event and carries out the effects.
func (f *consumer) transition(c *consumerContext, kind consumerEventKind) {
	e := consumerEvent{
		kind: kind, open: len(f.jobs), settled: f.acks.Settled(), prefetch: f.spec.Consumer.Prefetch,
		deliveries: f.deliveries,
	}
	if kind == sessionStarted || kind == retryDue {
		e.answerable = f.answerable()
	}
	state, effects := f.state.next(e)
	f.state = state
	for _, do := range effects {
		f.perform(c, do)
	}
}

func (f *consumer) perform(c *consumerContext, do effect) { //nolint:cyclop // a table of effects.
	switch do {
	case forgetJobs:
		f.forgetJobs()
	case subscribe:
		f.subscribe(c)
	case adoptSubscription:
		f.current = f.newest
	case closeNewest:
		f.close(c, f.newest)
	case closeCurrent:
		f.close(c, f.current)
		f.current = subscribed{}
	case retryPaused:
		c.After(pausePoll, retrySession{session: f.port.session})
	case retryRefused:
		c.After(consumeRetry, retrySession{session: f.port.session})
	case pollPrefetch:
		c.After(f.port.session.IdleAfter(), drainPoll{})
	case cancelSubscription:
		f.cancel(c)
	case awaitDeliveries: // this message has overtaken the deliveries in the mailbox
		c.Enqueue(deliveriesTaken{})
	case queueAcks:
		c.Enqueue(acksDue{})
	case sendAcks:
		f.sendAcks(c, (*delivery.AckTracker).Take)
	case sendAllAcks:
		f.sendAcks(c, (*delivery.AckTracker).TakeAll)
	case answerDrains:
		for _, d := range f.drains {
			d.Reply(consumerDrained{})
		}
		f.drains = nil
	case reportUp, reportDown, reportRefused, reportUnanswerable:
		f.report(c, do)
	}
}

func (f *consumer) report(c *consumerContext, do effect) {
	name, by := f.spec.Name, c.Epoch()
	switch do {
	case reportUp:
		f.spec.Status.up(name, by)
		if f.spec.Announcement != nil && !f.spec.Announced.Swap(true) {
			c.Enqueue(announce{})
		}
	case reportRefused:
		f.spec.Status.down(name, by, f.newest.err)
		c.Log().Warn().Err(f.newest.err).Str("queue", f.spec.Consumer.Queue).Msg("broker refused to consume")
	case reportUnanswerable:
		f.spec.Status.down(name, by, errUnanswerable)
	default:
		f.spec.Status.down(name, by, nil)
	}
}

func (f *consumer) onSession(c *consumerContext, m sessionChanged) {
	switch {
	case !f.port.accept(m):
	case m.session == nil:
		f.transition(c, sessionEnded)
	default:
		f.transition(c, sessionStarted)
	}
}

// answerable reports whether replies can be published, as far as that matters.
func (f *consumer) answerable() bool { return f.spec.Answerable == nil || f.spec.Answerable() }

func (f *consumer) subscribe(c *consumerContext) {
	by, spec, now, self := &subscription{session: f.port.session}, f.spec.Consumer, f.spec.Now, c.Self()
	f.by = by
	from, life := otp.External("amqp"), c.Context()
	deliver := func(d link.Delivery) {
		_ = self.Tell(from, delivered{by: by, d: d, at: now()}) // a consumer that has ended closes its channel
	}
	otp.Task(c, func(ctx context.Context) (subscribed, error) {
		k, err := by.session.Consume(ctx, spec, deliver)
		if err != nil {
			return subscribed{}, err
		}
		return subscribed{consumer: k, cleanup: closeWith(life, func() { closeConsumer(k) })}, nil //nolint:contextcheck // its context has ended.
	}, func(m subscribed, err error) consumerMessage {
		m.by, m.err = by, err
		return m
	})
}

func (f *consumer) onSubscribed(c *consumerContext, m subscribed) {
	if !f.port.current(m.by.session) {
		m.cleanup.stop() // it has ended with its session
		return
	}
	f.newest = m
	if m.err != nil {
		f.transition(c, consumeFailed)
		return
	}
	f.transition(c, consumeSucceeded)
}

// closeConsumer closes a consumer. It returns after closeTimeout at the latest.
func closeConsumer(k link.Consumer) {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_ = k.Close(ctx) // an ended session has closed it
}

// close closes a subscription of a live session, and schedules a retry.
func (f *consumer) close(c *consumerContext, s subscribed) {
	session := f.port.session
	otp.Task(c, func(context.Context) (struct{}, error) {
		closeConsumer(s.consumer) //nolint:contextcheck // it is closed even if this incarnation ends.
		s.cleanup.stop()
		return struct{}{}, nil
	}, func(struct{}, error) consumerMessage { return retrySession{session: session} })
}

func (f *consumer) cancel(c *consumerContext) {
	consumer := f.current.consumer
	otp.Task(c, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, consumer.Cancel(ctx)
	}, func(struct{}, error) consumerMessage { return cancelled{} }) // an error: the session ends
}

// sendAcks sends the acknowledgements that take selects. If one cannot be sent the session has
// ended, and the broker redelivers.
func (f *consumer) sendAcks(c *consumerContext, take func(*delivery.AckTracker) []delivery.Ack) {
	if err := c.Fault(fault.BeforeAck, ""); err != nil {
		panic(err)
	}
	for _, a := range take(f.acks) {
		if err := f.current.consumer.Ack(a.Tag, a.Multiple); err != nil {
			c.Log().Debug().Err(err).Str("queue", f.spec.Consumer.Queue).Msg("acknowledgement not sent")
			return
		}
	}
}

// forgetJobs drops the jobs and the subscription: the broker redelivers. Recently answered users
// stay known.
func (f *consumer) forgetJobs() {
	f.current.cleanup.stop()
	f.by, f.current = nil, subscribed{}
	f.acks = delivery.NewAckTracker(f.spec.maxSettled())
	f.jobs = map[*job]struct{}{}
	f.order = delivery.NewOrder[*job]()
	f.admission.Reset()
}

// announce publishes the announcement with a confirm.
func (f *consumer) announce(c *consumerContext) {
	p := *f.spec.Announcement
	otp.Ask(c, f.spec.Publisher, parkTimeout, func(from otp.From[confirmed]) publisherMessage {
		return publishConfirmed{From: from, Publishing: p}
	}, func(_ confirmed, err error) consumerMessage { return announced{err: err} })
}
