package amqpbridge

import (
	"cmp"
	"context"
	"time"

	"registrar/actors/fault"
	"registrar/actors/otp"
	"registrar/amqpbridge/link"
)

const (
	parkTimeout  = 10 * time.Second
	parkRetry    = time.Second
	consumeRetry = 500 * time.Millisecond
)

// onSession starts over with a new session: whatever is in hand belongs to the old one and comes again.
func (f *Consumer) onSession(c *otp.Context[ConsumerMessage], m sessionChanged) {
	if !f.port.accept(m) {
		return
	}
	f.cleanup.stop()
	f.empty()
	if m.session == nil {
		f.spec.Status.down(f.spec.Name, c.Epoch(), nil)
	}
	switch {
	case f.draining: // it ends here: nothing is in hand, and nothing more is taken
		f.stopped = true
		f.settleDrains()
	case m.session != nil:
		f.consume(c)
	}
}

func (f *Consumer) consume(c *otp.Context[ConsumerMessage]) {
	if !f.mayConsume() {
		f.wait(c)
		c.After(pauseLook, retrySession{session: f.port.session})
		return
	}
	by, spec, now, self := &subscription{session: f.port.session}, f.spec.Consumer, f.spec.Now, c.Self()
	f.by = by
	from, life := otp.External("amqp"), c.Context()
	deliver := func(d link.Delivery) {
		_ = self.Tell(from, delivered{by: by, d: d, at: now()}) // a flow that is gone has cancelled: it comes again
	}
	otp.Task(c, func(ctx context.Context) (consuming, error) {
		k, err := by.session.Consume(ctx, spec, deliver)
		if err != nil {
			return consuming{}, err
		}
		return consuming{consumer: k, cleanup: closeWith(life, func() { closeConsumer(k) })}, nil //nolint:contextcheck // its context has ended.
	}, func(m consuming, err error) ConsumerMessage {
		m.by, m.err = by, err
		return m
	})
}

func closeConsumer(k link.Consumer) {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_ = k.Close(ctx) // one whose session has ended needs none
}

func (f *Consumer) onConsuming(c *otp.Context[ConsumerMessage], m consuming) {
	if !f.port.current(m.by.session) {
		m.cleanup.stop() // it has ended
		return
	}
	if m.err != nil {
		f.by = nil
		// The link ends a session whose channel fails; a refusal that leaves it alive is answered by trying again.
		f.spec.Status.down(f.spec.Name, c.Epoch(), m.err)
		c.Log().Warn().Err(m.err).Str("flow", f.spec.Name).Msg("cannot consume")
		c.After(consumeRetry, retrySession{session: m.by.session}) // at a drain, too: it ends there
		return
	}
	if m.by != f.by { // the flow has paused meanwhile
		f.unsubscribe(c, m.consumer, m.cleanup)
		return
	}
	f.consumer, f.cleanup = m.consumer, m.cleanup
	if f.draining {
		f.fill(c)
		return
	}
	if f.acks.settled > 0 { // deliveries that were finished before there was anybody to acknowledge them
		f.flushSoon(c)
	}
	f.spec.Status.up(f.spec.Name, c.Epoch())
	if f.spec.Up != nil {
		f.spec.Up(c)
	}
}

func (f *Consumer) onRetry(c *otp.Context[ConsumerMessage], m retrySession) {
	if !f.port.current(m.session) || f.by != nil {
		return // another session has come meanwhile
	}
	if f.draining {
		f.stopped = true
		f.settleDrains()
		return
	}
	f.consume(c)
}

func (f *Consumer) flushSoon(c *otp.Context[ConsumerMessage]) {
	if !f.flushing {
		f.flushing = true
		c.Enqueue(flush{})
	}
}

// flush sends the acknowledgements that are due.
func (f *Consumer) flush(c *otp.Context[ConsumerMessage]) {
	f.flushing = false
	if f.consumer == nil || f.holding {
		f.settleDrains() // the session may have ended meanwhile: a drain has waited for this word alone
		return
	}
	if err := c.Fault(fault.BeforeAck, ""); err != nil {
		panic(err)
	}
	for _, a := range f.acks.take() {
		if err := f.consumer.Ack(a.tag, a.multiple); err != nil {
			c.Log().Debug().Err(err).Str("flow", f.spec.Name).Msg("acknowledging") // the session has ended: it comes again
			return
		}
	}
	f.settleDrains()
}

func (f *Consumer) onDrain(c *otp.Context[ConsumerMessage], m Drain) {
	f.drains = append(f.drains, m)
	if f.draining {
		f.settleDrains()
		return
	}
	f.draining = true
	f.spec.Status.down(f.spec.Name, c.Epoch(), nil)
	if f.consumer != nil {
		f.fill(c)
		return
	}
	f.stopped = f.port.session == nil
	f.settleDrains()
}

// fillQuiet is how long nothing has to come for a queue to be taken for empty: longer than a broker that is busy with others keeps one waiting. Where a few
// messages come all the time that is never so: then it is given up after fillLooks of it.
const (
	fillQuiet = 300 * time.Millisecond
	fillLooks = 10
)

// fill has the prefetch fill up, or the queue run dry, before the subscription is cancelled: what a broker has handed out but not yet sent when it is
// cancelled reaches nobody, and would be marked as delivered before. So nothing is acknowledged from now on until it is cancelled.
func (f *Consumer) fill(c *otp.Context[ConsumerMessage]) {
	f.holding, f.quiet = true, f.taken
	f.fills++
	c.After(cmp.Or(f.spec.Quiet, fillQuiet), filled{})
}

// onFilled cancels when nothing more can be on its way.
func (f *Consumer) onFilled(c *otp.Context[ConsumerMessage]) {
	if !f.holding || f.consumer == nil {
		return
	}
	if full := len(f.jobs)+f.acks.settled >= f.spec.Consumer.Prefetch; full || f.taken == f.quiet || f.fills >= fillLooks {
		f.cancel(c)
		return
	}
	f.fill(c)
}

func (f *Consumer) cancel(c *otp.Context[ConsumerMessage]) {
	consumer := f.consumer
	otp.Task(c, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, consumer.Cancel(ctx)
	}, func(_ struct{}, err error) ConsumerMessage { return cancelled{err: err} })
}

// settleDrains answers those who wait for the flow to be empty.
func (f *Consumer) settleDrains() {
	if !f.draining || !f.stopped || len(f.jobs) > 0 || f.flushing {
		return
	}
	for _, d := range f.drains {
		d.Reply(Drained{})
	}
	f.drains = nil
}
