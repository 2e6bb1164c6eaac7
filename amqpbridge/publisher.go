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

// publisherPart is the publisher's name in [Status] and [Tally].
const publisherPart = "publisher"

// PublisherSpec configures the publisher. It is immutable.
type PublisherSpec struct {
	Self       *otp.Ref[PublisherMessage]
	Connection *otp.Ref[ConnectionMessage]
	Status     *Status
	Tally      *Tally
	// Now is the clock of the run.
	Now func() time.Time
}

// Publisher owns the publishing channel. Only its goroutine touches it.
type Publisher struct {
	spec      PublisherSpec
	port      sessionPort
	publisher link.Publisher
	confirms  *atomic.Int64 // outstanding confirms of publisher
	blocked   bool          // the broker has an alarm; reported until a publish succeeds
}

// NewPublisher returns the behaviour of the publisher.
func NewPublisher(spec PublisherSpec) *Publisher { return &Publisher{spec: spec} }

// Init subscribes to the session of the connection.
func (p *Publisher) Init(c *otp.Context[PublisherMessage]) error {
	p.spec.Status.down(publisherPart, c.Epoch(), errNotStarted)
	p.port.subscribe(c, p.spec.Connection, listenerOf(p.spec.Self))
	return nil
}

// Handle handles one message.
func (p *Publisher) Handle(c *otp.Context[PublisherMessage], msg PublisherMessage) {
	switch m := msg.(type) {
	case Send:
		p.onSend(c, m)
	case Park:
		p.onPark(c, m)
	case sessionChanged:
		p.onSession(c, m)
	case retrySession:
		if p.port.current(m.session) && p.publisher == nil {
			p.openChannel(c)
		}
	case opened:
		p.onOpened(c, m)
	}
}

// Terminate reports the publisher as down. The channel ends with its session.
func (p *Publisher) Terminate(c *otp.Context[PublisherMessage], _ otp.Reason) {
	p.spec.Status.down(publisherPart, c.Epoch(), nil)
}

// State returns the state for the console.
func (p *Publisher) State() any { return struct{ Open bool }{p.publisher != nil} }

func (p *Publisher) onSend(c *otp.Context[PublisherMessage], m Send) {
	outcome := p.publish(c, m)
	p.spec.Tally.Add(publisherPart, outcome)
	p.spec.Tally.watch(publisherPart, outcome, m.MsgID)
}

// publish publishes a message and returns the outcome.
func (p *Publisher) publish(c *otp.Context[PublisherMessage], m Send) string {
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
			p.spec.Status.down(publisherPart, c.Epoch(), err)
		}
		c.Log().Debug().Err(err).Msg("publish failed")
		return "failed"
	}
	if p.blocked {
		p.blocked = false
		p.spec.Status.up(publisherPart, c.Epoch())
	}
	if c.Traced() {
		c.Trace(trace.Publish, published(m))
	}
	return "sent"
}

// onPark publishes with a confirm. It refuses when the link's window of outstanding confirms is full:
// the link would block, and all replies with it.
func (p *Publisher) onPark(c *otp.Context[PublisherMessage], m Park) {
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
		m.Reply(Parked{})
	})
}

func (p *Publisher) onSession(c *otp.Context[PublisherMessage], m sessionChanged) {
	if !p.port.accept(m) {
		return
	}
	p.publisher, p.blocked = nil, false
	if m.session == nil {
		p.spec.Status.down(publisherPart, c.Epoch(), nil)
		return
	}
	p.openChannel(c)
}

func (p *Publisher) openChannel(c *otp.Context[PublisherMessage]) {
	session, tally := p.port.session, p.spec.Tally
	spec := link.PublisherSpec{
		OnReturn: func(link.Publishing) { tally.Add(publisherPart, "unroutable") },
	}
	otp.Task(c, func(ctx context.Context) (link.Publisher, error) {
		return session.Publisher(ctx, spec)
	}, func(publisher link.Publisher, err error) PublisherMessage {
		return opened{session: session, publisher: publisher, err: err}
	})
}

func (p *Publisher) onOpened(c *otp.Context[PublisherMessage], m opened) {
	if !p.port.current(m.session) {
		return
	}
	if m.err != nil {
		p.spec.Status.down(publisherPart, c.Epoch(), m.err)
		c.Log().Warn().Err(m.err).Msg("publishing channel not opened")
		c.After(consumeRetry, retrySession{session: m.session})
		return
	}
	p.publisher, p.confirms = m.publisher, new(atomic.Int64)
	p.spec.Status.up(publisherPart, c.Epoch())
}
