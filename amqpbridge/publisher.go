package amqpbridge

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"registrar/actors/domain"
	"registrar/actors/fault"
	"registrar/actors/otp"
	"registrar/actors/trace"
	"registrar/amqpbridge/link"
)

// publisherName is the publisher's name in [status] and [outcomeCounters].
const publisherName = "publisher"

// publisherSpec configures the publisher. It is immutable.
type publisherSpec struct {
	Self       *otp.Ref[publisherMessage]
	Connection *otp.Ref[connectionMessage]
	Status     *status
	Outcomes   *outcomeCounters
	// Now is the clock of the run.
	Now func() time.Time
}

// publisher owns the publishing channel. Only its goroutine touches it.
type publisher struct {
	spec      publisherSpec
	port      sessionPort
	publisher link.Publisher
	confirms  *atomic.Int64 // outstanding confirms of publisher
	blocked   bool          // the broker has an alarm; reported until a publish succeeds
}

// newPublisher returns the behaviour of the publisher.
func newPublisher(spec publisherSpec) *publisher { return &publisher{spec: spec} }

// Init subscribes to the session of the connection.
func (p *publisher) Init(c *otp.Context[publisherMessage]) error {
	p.spec.Status.down(publisherName, c.Epoch(), errNotStarted)
	p.port.subscribe(c, p.spec.Connection, listenerOf(p.spec.Self))
	return nil
}

// Handle handles one message.
func (p *publisher) Handle(c *otp.Context[publisherMessage], msg publisherMessage) {
	switch m := msg.(type) {
	case publishMessage:
		p.onSend(c, m)
	case publishConfirmed:
		p.onPark(c, m)
	case sessionChanged:
		p.onSession(c, m)
	case retrySession:
		if p.port.current(m.session) && p.publisher == nil {
			p.openChannel(c)
		}
	case channelOpened:
		p.onOpened(c, m)
	}
}

// Terminate reports the publisher as down. The channel ends with its session.
func (p *publisher) Terminate(c *otp.Context[publisherMessage], _ otp.Reason) {
	p.spec.Status.down(publisherName, c.Epoch(), nil)
}

// State returns the state for the console.
func (p *publisher) State() any { return struct{ Open bool }{p.publisher != nil} }

func (p *publisher) onSend(c *otp.Context[publisherMessage], m publishMessage) {
	outcome := p.publish(c, m)
	p.spec.Outcomes.add(publisherName, outcome)
	p.spec.Outcomes.observe(publisherName, outcome, m.MsgID)
}

// publish publishes a message and returns the outcome.
func (p *publisher) publish(c *otp.Context[publisherMessage], m publishMessage) string {
	if p.publisher == nil {
		return "no_broker"
	}
	if !m.Until.IsZero() && p.spec.Now().After(m.Until) {
		return "deadline_exceeded"
	}
	err := c.Fault(fault.BeforePublish, m.Event)
	if err == nil {
		err = p.publisher.Publish(c.Context(), m.Publishing)
	}
	if err != nil {
		if errors.Is(err, link.ErrBlocked) {
			p.blocked = true
			p.spec.Status.down(publisherName, c.Epoch(), err)
		}
		c.Log().Debug().Err(err).Msg("publish failed")
		return "failed"
	}
	if p.blocked {
		p.blocked = false
		p.spec.Status.up(publisherName, c.Epoch())
	}
	if c.Traced() {
		c.Trace(trace.Publish, published(m))
	}
	return "sent"
}

// onPark publishes with a confirm. It refuses when the link's window of outstanding confirms is
// full: the link would block, and all replies with it.
func (p *publisher) onPark(c *otp.Context[publisherMessage], m publishConfirmed) {
	if p.publisher == nil {
		m.Fail(domain.Wrap(domain.Unavailable, "publish", nil))
		return
	}
	confirms := p.confirms
	if confirms.Add(1) > link.Window {
		confirms.Add(-1)
		m.Fail(domain.Wrap(domain.Overloaded, "publish", nil))
		return
	}
	p.publisher.PublishConfirmed(c.Context(), m.Publishing, func(err error) {
		confirms.Add(-1)
		if err != nil {
			m.Fail(domain.Wrap(domain.Unavailable, "publish", err))
			return
		}
		m.Reply(confirmed{})
	})
}

func (p *publisher) onSession(c *otp.Context[publisherMessage], m sessionChanged) {
	if !p.port.accept(m) {
		return
	}
	p.publisher, p.blocked = nil, false
	if m.session == nil {
		p.spec.Status.down(publisherName, c.Epoch(), nil)
		return
	}
	p.openChannel(c)
}

func (p *publisher) openChannel(c *otp.Context[publisherMessage]) {
	session, tally := p.port.session, p.spec.Outcomes
	spec := link.PublisherSpec{
		OnReturn: func(link.Publishing) { tally.add(publisherName, "unroutable") },
	}
	otp.Task(c, func(ctx context.Context) (link.Publisher, error) {
		return session.Publisher(ctx, spec)
	}, func(publisher link.Publisher, err error) publisherMessage {
		return channelOpened{session: session, publisher: publisher, err: err}
	})
}

func (p *publisher) onOpened(c *otp.Context[publisherMessage], m channelOpened) {
	if !p.port.current(m.session) {
		return
	}
	if m.err != nil {
		p.spec.Status.down(publisherName, c.Epoch(), m.err)
		c.Log().Warn().Err(m.err).Msg("publishing channel not opened")
		c.After(consumeRetry, retrySession{session: m.session})
		return
	}
	p.publisher, p.confirms = m.publisher, new(atomic.Int64)
	p.spec.Status.up(publisherName, c.Epoch())
}
