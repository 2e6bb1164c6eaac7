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

// PublisherMessage is what the publisher's actor understands.
type PublisherMessage interface{ publisherMessage() }

// Send publishes without waiting: replies, which are worthless when they are late, and what may be lost.
type Send struct {
	Publishing link.Publishing
	// Until is when nobody waits for it any more, by the clock of the run; zero is never.
	Until time.Time
	// Event and MsgID are what the recorder is told of it.
	Event, MsgID string
	// Tally counts it when there is no publisher that can tell what became of it; nil is nobody.
	Tally *Tally
}

// Undelivered counts a message that nobody will publish, or of which nobody knows whether it was published.
func (m Send) Undelivered(err error) {
	name := "lost"
	if errors.Is(err, otp.ErrOverloaded) {
		name = "overloaded"
	}
	m.Tally.Add(publisherPart, name)
	m.Tally.watch(publisherPart, name, m.MsgID)
}

// Park publishes with a confirm: what must arrive. It is answered when the broker has it.
type Park struct {
	otp.From[Parked]
	Publishing link.Publishing
}

// Parked answers a [Park].
type Parked struct{}

// opened is the end of an attempt to open the publishing channel.
type opened struct {
	session   link.Session
	publisher link.Publisher
	err       error
}

// publisherWaiting bounds what waits for the publisher: one whose write is stuck would otherwise gather all that is answered meanwhile.
const publisherWaiting = 20_000

func (Send) publisherMessage()   {}
func (Park) publisherMessage()   {}
func (opened) publisherMessage() {}

// PublisherSpec is what the publisher needs. It is immutable.
type PublisherSpec struct {
	Self       *otp.Ref[PublisherMessage]
	Connection *otp.Ref[ConnectionMessage]
	Status     *Status
	Tally      *Tally
	// Now is the clock of the run.
	Now func() time.Time
}

// Publisher owns the publishing channel. Its goroutine alone touches it.
type Publisher struct {
	spec    PublisherSpec
	port    sessionPort
	out     link.Publisher
	open    *atomic.Int64 // how many confirms of out are awaited
	blocked bool          // the broker has an alarm: said on readiness until something can be sent again
}

// The publisher's part in [Status] and its flow in [Tally].
const publisherPart = "publisher"

// NewPublisher returns the behaviour of the publisher.
func NewPublisher(spec PublisherSpec) *Publisher { return &Publisher{spec: spec} }

// Init asks the connection for its session.
func (p *Publisher) Init(c *otp.Context[PublisherMessage]) error {
	p.spec.Status.down(publisherPart, c.Epoch(), errNotStarted)
	p.port.subscribe(c, p.spec.Connection, listenerOf(p.spec.Self))
	return nil
}

// Handle takes one message.
func (p *Publisher) Handle(c *otp.Context[PublisherMessage], msg PublisherMessage) {
	switch m := msg.(type) {
	case Send:
		p.send(c, m)
	case Park:
		p.park(c, m)
	case sessionChanged:
		p.onSession(c, m)
	case retrySession:
		if p.port.current(m.session) && p.out == nil {
			p.openChannel(c)
		}
	case opened:
		p.onOpened(c, m)
	}
}

// Terminate leaves the channel to its session.
func (p *Publisher) Terminate(c *otp.Context[PublisherMessage], _ otp.Reason) {
	p.spec.Status.down(publisherPart, c.Epoch(), nil)
}

// State is what an operator may see.
func (p *Publisher) State() any { return struct{ Open bool }{p.out != nil} }

func (p *Publisher) send(c *otp.Context[PublisherMessage], m Send) {
	name := p.publish(c, m)
	p.spec.Tally.Add(publisherPart, name)
	p.spec.Tally.watch(publisherPart, name, m.MsgID)
}

// publish hands a message to the broker, and names what became of it.
func (p *Publisher) publish(c *otp.Context[PublisherMessage], m Send) string {
	if p.out == nil {
		return "no_broker"
	}
	if !m.Until.IsZero() && p.spec.Now().After(m.Until) {
		return "late"
	}
	err := c.Fault(fault.BeforePublish, m.Event)
	if err == nil {
		err = p.out.Publish(c.Context(), m.Publishing)
	}
	if err != nil {
		if errors.Is(err, link.ErrBlocked) {
			p.blocked = true
			p.spec.Status.down(publisherPart, c.Epoch(), err)
		}
		c.Log().Debug().Err(err).Msg("publishing a reply")
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

func (p *Publisher) park(c *otp.Context[PublisherMessage], m Park) {
	if p.out == nil {
		m.Fail(domain.Wrap(domain.Unavailable, "publish", nil))
		return
	}
	open := p.open
	if open.Add(1) > link.Window { // the link would wait for a confirm, and all answers with it
		open.Add(-1)
		m.Fail(domain.Wrap(domain.Overloaded, "publish", nil))
		return
	}
	p.out.PublishConfirmed(c.Context(), m.Publishing, func(err error) {
		open.Add(-1)
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
	p.out, p.blocked = nil, false
	if m.session == nil {
		p.spec.Status.down(publisherPart, c.Epoch(), nil)
		return
	}
	p.openChannel(c)
}

func (p *Publisher) openChannel(c *otp.Context[PublisherMessage]) {
	session, tally := p.port.session, p.spec.Tally
	spec := link.PublisherSpec{OnReturn: func(link.Publishing) { tally.Add(publisherPart, "asker_gone") }}
	otp.Task(c, func(ctx context.Context) (link.Publisher, error) {
		return session.Publisher(ctx, spec)
	}, func(out link.Publisher, err error) PublisherMessage {
		return opened{session: session, publisher: out, err: err}
	})
}

func (p *Publisher) onOpened(c *otp.Context[PublisherMessage], m opened) {
	if !p.port.current(m.session) {
		return
	}
	if m.err != nil {
		p.spec.Status.down(publisherPart, c.Epoch(), m.err)
		c.Log().Warn().Err(m.err).Msg("cannot open the publishing channel")
		c.After(consumeRetry, retrySession{session: m.session})
		return
	}
	p.out, p.open = m.publisher, new(atomic.Int64)
	p.spec.Status.up(publisherPart, c.Epoch())
}
