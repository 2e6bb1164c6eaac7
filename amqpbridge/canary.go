package amqpbridge

import (
	"context"
	"sync/atomic"
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/wire"
)

// canaryRealm is the realm of canary requests. It has no credentials (RFC 2606 section 2).
const canaryRealm domain.Realm = "canary.registrar.invalid"

const (
	// pulsePart is the canary's name in [Status] and [Tally].
	pulsePart = "canary"
	// pulseAlias stands for the server-named queue of the replies.
	pulseAlias = "canary"
)

// CanaryMessage is a message to the canary.
type CanaryMessage interface{ pulseMessage() }

// listening is the result of subscribing to replies and leader tokens.
type listening struct {
	session link.Session
	cleanup cleanup // closes the consumers
	err     error
}

// beat starts the next canary request.
type beat struct{}

// heard is a reply to a canary request.
type heard struct{ id string }

// token is a leader token that this registrar has consumed.
type token struct{ session link.Session }

func (listening) pulseMessage() {}
func (beat) pulseMessage()      {}
func (heard) pulseMessage()     {}
func (token) pulseMessage()     {}

// CanarySpec configures the canary. It is immutable.
type CanarySpec struct {
	Self                  *otp.Ref[CanaryMessage]
	Consuming, Publishing *otp.Ref[ConnectionMessage]
	Status                *Status
	Tally                 *Tally
	// Key is the Server-ID of this registrar's requests.
	Key string
	// Every is the interval between two requests.
	Every time.Duration
	// Leaders is the queue of leader tokens; empty when this is the only registrar on the broker.
	Leaders string
	// Leads is true while this registrar is the leader.
	Leads *atomic.Bool
}

// canary publishes an authn request for a reserved realm at each interval and waits for the reply.
// Missing replies over connections that seem to work mean that something on the way is dead. Then
// the canary has both sessions renewed, which declares and binds everything again.
//
// With a leader queue it also elects the leader; see [canary.setLeader].
type canary struct {
	*responder
	spec       CanarySpec
	port       sessionPort
	cleanup    cleanup // closes the consumers
	subscribed bool
	seq        int
	requested  bool   // a request was published in this session
	open       string // Msg-ID of the unanswered request, empty for none
	history    []bool // whether the last requests were answered
	sinceToken int    // intervals since the last leader token
}

// Init subscribes to the session of the consuming connection.
func (p *canary) Init(c *otp.Context[CanaryMessage]) error {
	p.spec.Leads.Store(p.spec.Leaders == "")
	p.port.subscribe(c, p.spec.Consuming, listenerOf(p.spec.Self))
	c.After(p.spec.Every, beat{})
	return nil
}

// Handle handles one message.
func (p *canary) Handle(c *otp.Context[CanaryMessage], msg CanaryMessage) {
	switch m := msg.(type) {
	case sessionChanged:
		p.onSession(c, m)
	case retrySession:
		if p.port.current(m.session) && !p.subscribed {
			p.subscribe(c)
		}
	case listening:
		p.onListening(c, m)
	case beat:
		p.onBeat(c)
		c.After(p.spec.Every, beat{})
	case heard:
		if m.id == p.open {
			p.open = ""
			p.spec.Tally.Add(pulsePart, "answered")
		}
	case token:
		if p.port.current(m.session) {
			p.sinceToken = 0
			p.setLeader(c, true)
		}
	}
}

// Terminate gives up the leadership.
func (p *canary) Terminate(*otp.Context[CanaryMessage], otp.Reason) {
	if p.spec.Leaders != "" {
		p.spec.Leads.Store(false)
	}
}

// State returns the state for the console.
func (p *canary) State() any {
	return struct{ Listening, Leads bool }{p.subscribed, p.spec.Leads.Load()}
}

func (p *canary) onSession(c *otp.Context[CanaryMessage], m sessionChanged) {
	if !p.port.accept(m) {
		return
	}
	p.cleanup.stop()
	p.cleanup, p.subscribed = nil, false
	p.requested, p.open, p.history = false, "", nil
	if p.spec.Leaders != "" {
		p.setLeader(c, false)
	}
	if m.session != nil {
		p.subscribe(c)
	}
}

// subscribe consumes the replies and, with a leader queue, the leader tokens.
func (p *canary) subscribe(c *otp.Context[CanaryMessage]) {
	session, self, leaders, life := p.port.session, c.Self(), p.spec.Leaders, c.Context()
	from := otp.External("amqp")
	// A canary that has ended loses replies and tokens; the next one starts anew.
	onReply := func(d link.Delivery) {
		if m, err := wire.Decode(d.Body); err == nil {
			_ = self.Tell(from, heard{id: wire.MsgIDOf(m)})
		}
	}
	onToken := func(link.Delivery) { _ = self.Tell(from, token{session: session}) }
	otp.Task(c, func(ctx context.Context) (cleanup, error) {
		replies, err := consumeAutoAck(ctx, life, session, session.QueueName(pulseAlias), onReply)
		if err != nil || leaders == "" {
			return replies, err
		}
		tokens, err := consumeAutoAck(ctx, life, session, leaders, onToken)
		return append(replies, tokens...), err
	}, func(l cleanup, err error) CanaryMessage {
		return listening{session: session, cleanup: l, err: err}
	})
}

func (p *canary) onListening(c *otp.Context[CanaryMessage], m listening) {
	if !p.port.current(m.session) {
		m.cleanup.stop()
		return
	}
	p.cleanup = append(p.cleanup, m.cleanup...) // also of an attempt that has failed halfway
	if m.err != nil {
		c.After(consumeRetry, retrySession{session: m.session})
		return
	}
	p.subscribed = true
}
