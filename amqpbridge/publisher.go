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

// publisherAttach hands the publisher a new session, nil when the old one has ended.
type publisherAttach struct {
	session link.Session
	by      otp.Epoch
	again   bool // tried once more: a session that has come meanwhile stays
}

// opened is the end of an attempt to open the publishing channel.
type opened struct {
	session   link.Session
	publisher link.Publisher
	err       error
}

// publisherWaiting bounds what waits for the publisher: one whose write is stuck would otherwise gather all that is answered meanwhile.
const publisherWaiting = 20_000

// Unbounded has a new session reach the publisher however much waits there.
func (publisherAttach) Unbounded() {}

func (Send) publisherMessage()            {}
func (Park) publisherMessage()            {}
func (publisherAttach) publisherMessage() {}
func (opened) publisherMessage()          {}

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
	session link.Session
	linked  otp.Epoch // whose it is
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
	_ = p.spec.Connection.Tell(c, subscribeSession{listener: p.spec.listener()}) // no connection: it announces itself when it is there
	return nil
}

func (s *PublisherSpec) listener() listener {
	self := s.Self
	return func(from otp.Origin, by otp.Epoch, session link.Session) {
		_ = self.Tell(from, publisherAttach{session: session, by: by}) // one that is gone says hello anew
	}
}

// Handle takes one message.
func (p *Publisher) Handle(c *otp.Context[PublisherMessage], msg PublisherMessage) {
	switch m := msg.(type) {
	case Send:
		p.send(c, m)
	case Park:
		p.park(c, m)
	case publisherAttach:
		p.onAttach(c, m)
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

func (p *Publisher) onAttach(c *otp.Context[PublisherMessage], m publisherAttach) {
	if m.by < p.linked || m.session != nil && m.session == p.session || m.again && p.session != nil {
		return
	}
	p.session, p.linked, p.out, p.blocked = m.session, m.by, nil, false
	if m.session == nil {
		p.spec.Status.down(publisherPart, c.Epoch(), nil)
		return
	}
	session, tally := m.session, p.spec.Tally
	spec := link.PublisherSpec{OnReturn: func(link.Publishing) { tally.Add(publisherPart, "asker_gone") }}
	otp.Task(c, func(ctx context.Context) (link.Publisher, error) {
		return session.Publisher(ctx, spec)
	}, func(out link.Publisher, err error) PublisherMessage {
		return opened{session: session, publisher: out, err: err}
	})
}

func (p *Publisher) onOpened(c *otp.Context[PublisherMessage], m opened) {
	if m.session != p.session {
		return
	}
	if m.err != nil {
		p.spec.Status.down(publisherPart, c.Epoch(), m.err)
		c.Log().Warn().Err(m.err).Msg("cannot open the publishing channel")
		c.After(consumeRetry, publisherAttach{session: m.session, by: p.linked, again: true})
		p.session = nil
		return
	}
	p.out, p.open = m.publisher, new(atomic.Int64)
	p.spec.Status.up(publisherPart, c.Epoch())
}
