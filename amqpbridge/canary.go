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
	// canaryName is the canary's name in [status] and [outcomeCounters].
	canaryName = "canary"
	// canaryQueue stands for the server-named queue of the replies.
	canaryQueue = "canary"
)

// canaryMessage is a message to the canary.
type canaryMessage interface{ canaryMessage() }

// canarySubscribed is the result of subscribing to replies and leader tokens.
type canarySubscribed struct {
	session link.Session
	cleanup cleanup // closes the consumers
	err     error
}

// canaryDue starts the next canary request.
type canaryDue struct{}

// canaryAnswered is a reply to a canary request.
type canaryAnswered struct{ id string }

// leaderToken is a leader token that this registrar has consumed.
type leaderToken struct{ session link.Session }

func (canarySubscribed) canaryMessage() {}
func (canaryDue) canaryMessage()        {}
func (canaryAnswered) canaryMessage()   {}
func (leaderToken) canaryMessage()      {}

// canarySpec configures the canary. It is immutable.
type canarySpec struct {
	Self                  *otp.Ref[canaryMessage]
	Consuming, Publishing *otp.Ref[connectionMessage]
	Status                *status
	Outcomes              *outcomeCounters
	// Key is the Server-ID of this registrar's requests.
	Key string
	// Every is the interval between two requests.
	Every time.Duration
	// LeaderQueue is the queue of leader tokens; empty when this is the only registrar on the
	// broker.
	LeaderQueue string
	// Leader is true while this registrar is the leader.
	Leader *atomic.Bool
}

// canary publishes an authn request for a reserved realm at each interval and waits for the
// reply. Missing replies over connections that seem to work mean that something on the way is
// dead. Then the canary has both sessions renewed, which declares and binds everything again.
//
// With a leader queue it also elects the leader; see [canary.setLeader].
type canary struct {
	*responder
	spec       canarySpec
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
func (p *canary) Init(c *otp.Context[canaryMessage]) error {
	p.spec.Leader.Store(p.spec.LeaderQueue == "")
	p.port.subscribe(c, p.spec.Consuming, listenerOf(p.spec.Self))
	c.After(p.spec.Every, canaryDue{})
	return nil
}

// Handle handles one message.
func (p *canary) Handle(c *otp.Context[canaryMessage], msg canaryMessage) {
	switch m := msg.(type) {
	case sessionChanged:
		p.onSession(c, m)
	case retrySession:
		if p.port.current(m.session) && !p.subscribed {
			p.subscribe(c)
		}
	case canarySubscribed:
		p.onListening(c, m)
	case canaryDue:
		p.onBeat(c)
		c.After(p.spec.Every, canaryDue{})
	case canaryAnswered:
		if m.id == p.open {
			p.open = ""
			p.spec.Outcomes.add(canaryName, "answered")
		}
	case leaderToken:
		if p.port.current(m.session) {
			p.sinceToken = 0
			p.setLeader(c, true)
		}
	}
}

// Terminate gives up the leadership.
func (p *canary) Terminate(*otp.Context[canaryMessage], otp.Reason) {
	if p.spec.LeaderQueue != "" {
		p.spec.Leader.Store(false)
	}
}

// State returns the state for the console.
func (p *canary) State() any {
	return struct{ Listening, Leads bool }{p.subscribed, p.spec.Leader.Load()}
}

func (p *canary) onSession(c *otp.Context[canaryMessage], m sessionChanged) {
	if !p.port.accept(m) {
		return
	}
	p.cleanup.stop()
	p.cleanup, p.subscribed = nil, false
	p.requested, p.open, p.history = false, "", nil
	if p.spec.LeaderQueue != "" {
		p.setLeader(c, false)
	}
	if m.session != nil {
		p.subscribe(c)
	}
}

// subscribe consumes the replies and, with a leader queue, the leader tokens.
func (p *canary) subscribe(c *otp.Context[canaryMessage]) {
	session, self, leaders, life := p.port.session, c.Self(), p.spec.LeaderQueue, c.Context()
	from := otp.External("amqp")
	// A canary that has ended loses replies and tokens; the next one starts anew.
	onReply := func(d link.Delivery) {
		if m, err := wire.Decode(d.Body); err == nil {
			_ = self.Tell(from, canaryAnswered{id: wire.MsgIDOf(m)})
		}
	}
	onToken := func(link.Delivery) { _ = self.Tell(from, leaderToken{session: session}) }
	otp.Task(c, func(ctx context.Context) (cleanup, error) {
		replies, err := consumeAutoAck(ctx, life, session, session.QueueName(canaryQueue), onReply)
		if err != nil || leaders == "" {
			return replies, err
		}
		tokens, err := consumeAutoAck(ctx, life, session, leaders, onToken)
		return append(replies, tokens...), err
	}, func(l cleanup, err error) canaryMessage {
		return canarySubscribed{session: session, cleanup: l, err: err}
	})
}

func (p *canary) onListening(c *otp.Context[canaryMessage], m canarySubscribed) {
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
