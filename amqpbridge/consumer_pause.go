package amqpbridge

import (
	"context"
	"errors"
	"time"

	"registrar/actors/otp"
	"registrar/amqpbridge/link"
)

// errUnanswerable is what a flow that pauses says of itself.
var errUnanswerable = errors.New("left to others while no answer can be sent")

// pauseLook is how often a flow that pauses looks whether it may go on.
const pauseLook = 50 * time.Millisecond

// mayConsume says whether to take deliveries at all: a question that is taken by who cannot answer it is taken from a registrar that could. A flow that is
// being drained goes on: it gives nothing back.
func (f *Consumer) mayConsume() bool {
	return f.spec.Answerable == nil || f.draining || f.spec.Answerable()
}

// pause gives the subscription up with all that is in hand, which goes to another registrar, or waits for this one as long as it is worth an answer.
func (f *Consumer) pause(c *otp.Context[ConsumerMessage]) {
	f.acks.behind = 0
	f.flush(c) // what is finished does not come again
	consumer, l := f.consumer, f.cleanup
	f.empty()
	f.wait(c)
	c.Log().Warn().Str("flow", f.spec.Name).Msg("questions are left to others while no answer can be sent")
	if consumer != nil { // else it ends when it is known
		f.unsubscribe(c, consumer, l)
	}
}

func (f *Consumer) wait(c *otp.Context[ConsumerMessage]) {
	f.spec.Status.down(f.spec.Name, c.Epoch(), errUnanswerable)
}

// unsubscribe closes a consumer whose session goes on, and then has the flow consume again.
func (f *Consumer) unsubscribe(c *otp.Context[ConsumerMessage], k link.Consumer, l cleanup) {
	session := f.port.session
	otp.Task(c, func(context.Context) (struct{}, error) {
		closeConsumer(k) //nolint:contextcheck // it is closed whatever ends meanwhile.
		l.stop()
		return struct{}{}, nil
	}, func(struct{}, error) ConsumerMessage { return retrySession{session: session} })
}

// empty has nothing in hand any more: it comes again.
func (f *Consumer) empty() {
	f.by, f.consumer, f.cleanup = nil, nil, nil
	f.acks = acks{behind: max(1, f.spec.Consumer.Prefetch/2)}
	clear(f.jobs)
	f.holding = false
	recent := f.gate.recent
	f.order, f.gate = newOrder(), f.spec.gate()
	f.gate.recent = recent
}
