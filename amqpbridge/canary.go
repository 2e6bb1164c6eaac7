package amqpbridge

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/sip"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/wire"
)

// canaryRealm is the realm that the pulse asks about: nobody has credentials in it (RFC 2606 section 2).
const canaryRealm domain.Realm = "canary.registrar.invalid"

// The pulse's part in [Status] and its flow in [Tally], and the alias of its queue.
const (
	pulsePart  = "pulse"
	pulseAlias = "pulse"
)

// Of the last pulseLooks questions pulseMisses have to go without an answer for the sessions to be renewed: one registrar of several may be slow
// without anything being wrong with this one.
const (
	pulseLooks  = 6
	pulseMisses = 3
	// A registrar that has had no token for so many beats does not lead any more.
	leadLapse = 4
)

// PulseMessage is what the actor of the pulse understands.
type CanaryMessage interface{ pulseMessage() }

// listening is the end of an attempt to consume the answers and the tokens.
type listening struct {
	session link.Session
	cleanup cleanup // of the consumers
	err     error
}

// beat is the time for the next question.
type beat struct{}

// heard is an answer to one of our own questions.
type heard struct{ id string }

// token says that this registrar is the one that consumes the tokens.
type token struct{ session link.Session }

func (listening) pulseMessage() {}
func (beat) pulseMessage()      {}
func (heard) pulseMessage()     {}
func (token) pulseMessage()     {}

// pulse asks the registrars on the broker about a reserved realm every few seconds, through the broker and back. When its questions go without an answer
// while the connections look well, something on the way is silently dead, and the sessions are renewed: everything is declared and bound again.
//
// With a node's name it also finds out which of the registrars on the broker leads: each sends tokens to a queue that has one active consumer at a time, and
// who gets them leads.
type canary struct {
	*responder
	spec    CanarySpec
	port    sessionPort
	cleanup cleanup // of the consumers
	up      bool    // consuming
	seq     int
	sent    bool   // a question has been asked in this session
	asked   string // the last question that has no answer yet
	looks   []bool // of the last questions, which were answered
	tokens  int    // beats since the last token
}

// PulseSpec is what the pulse needs. It is immutable.
type CanarySpec struct {
	Self                  *otp.Ref[CanaryMessage]
	Consuming, Publishing *otp.Ref[ConnectionMessage]
	Status                *Status
	Tally                 *Tally
	// Key is where answers are sent, this registrar's alone; Every is the time between two questions; Leaders is the queue of tokens, empty when
	// this registrar is the only one.
	Key     string
	Every   time.Duration
	Leaders string
	// Leads is set while this registrar leads.
	Leads *atomic.Bool
}

// Init asks the connection for its session.
func (p *canary) Init(c *otp.Context[CanaryMessage]) error {
	p.spec.Leads.Store(p.spec.Leaders == "")
	p.port.subscribe(c, p.spec.Consuming, listenerOf(p.spec.Self))
	c.After(p.spec.Every, beat{})
	return nil
}

// Handle takes one message.
func (p *canary) Handle(c *otp.Context[CanaryMessage], msg CanaryMessage) {
	switch m := msg.(type) {
	case sessionChanged:
		p.onSession(c, m)
	case retrySession:
		if p.port.current(m.session) && !p.up {
			p.consume(c)
		}
	case listening:
		p.onListening(c, m)
	case beat:
		p.beat(c)
		c.After(p.spec.Every, beat{})
	case heard:
		if m.id == p.asked {
			p.asked = ""
			p.spec.Tally.Add(pulsePart, "answered")
		}
	case token:
		if p.port.current(m.session) {
			p.tokens = 0
			p.lead(c, true)
		}
	}
}

// Terminate gives the lead up.
func (p *canary) Terminate(*otp.Context[CanaryMessage], otp.Reason) {
	if p.spec.Leaders != "" {
		p.spec.Leads.Store(false)
	}
}

// State is what an operator may see.
func (p *canary) State() any {
	return struct{ Listening, Leads bool }{p.up, p.spec.Leads.Load()}
}

func (p *canary) onSession(c *otp.Context[CanaryMessage], m sessionChanged) {
	if !p.port.accept(m) {
		return
	}
	p.cleanup.stop()
	p.cleanup, p.up = nil, false
	p.sent, p.asked, p.looks = false, "", nil
	if p.spec.Leaders != "" {
		p.lead(c, false)
	}
	if m.session != nil {
		p.consume(c)
	}
}

// consume consumes the answers and the tokens.
func (p *canary) consume(c *otp.Context[CanaryMessage]) {
	session, self, leaders, life := p.port.session, c.Self(), p.spec.Leaders, c.Context()
	from := otp.External("amqp")
	otp.Task(c, func(ctx context.Context) (cleanup, error) {
		answers, err := listen(ctx, life, session, session.QueueName(pulseAlias), func(d link.Delivery) {
			if a, err := wire.Decode(d.Body); err == nil {
				_ = self.Tell(from, heard{id: wire.MsgIDOf(a)}) // a pulse that is gone asks anew
			}
		})
		if err != nil || leaders == "" {
			return answers, err
		}
		tokens, err := listen(ctx, life, session, leaders, func(link.Delivery) {
			_ = self.Tell(from, token{session: session}) // as above
		})
		return append(answers, tokens...), err
	}, func(l cleanup, err error) CanaryMessage { return listening{session: session, cleanup: l, err: err} })
}

func (p *canary) onListening(c *otp.Context[CanaryMessage], m listening) {
	if !p.port.current(m.session) {
		m.cleanup.stop()
		return
	}
	p.cleanup = append(p.cleanup, m.cleanup...) // what an attempt has opened that has failed halfway lives as long as its session
	if m.err != nil {
		c.After(consumeRetry, retrySession{session: m.session})
		return
	}
	p.up = true
}

// beat takes note of what became of the last question and asks the next.
func (p *canary) beat(c *otp.Context[CanaryMessage]) {
	if !p.up {
		return
	}
	if p.sent && p.spec.Status.isUp(publisherPart) { // else it is known why there is no answer
		p.look(c, p.asked == "")
	}
	p.seq, p.sent = p.seq+1, true
	p.asked = "pulse-" + strconv.Itoa(p.seq)
	realm := string(canaryRealm)
	body := p.sender.AuthnRequest(&wire.AuthnRequest{
		Envelope: wire.Envelope{MsgID: p.asked, ServerID: p.spec.Key}, To: "sip:canary@" + realm, From: "sip:canary@" + realm,
		AuthUser: "canary", AuthRealm: realm, Method: "REGISTER",
	})
	_ = p.publisher.Tell(c, Send{Publishing: link.Publishing{ // no publisher: no answer, and that is noticed
		Exchange: "registrar", Key: "authn.endpoint.req." + sip.EncodeKey(realm), ContentType: "application/json", Body: body,
	}, Event: "canary", MsgID: p.asked})
	if p.spec.Leaders == "" {
		return
	}
	if p.tokens++; p.tokens > leadLapse {
		p.lead(c, false)
	}
	_ = p.publisher.Tell(c, Send{Publishing: link.Publishing{Key: p.spec.Leaders, Body: []byte("token"), Expiration: p.spec.Every}, Event: "token"}) // as above
}

// look remembers whether a question was answered, and has the sessions renewed when too many were not.
func (p *canary) look(c *otp.Context[CanaryMessage], answered bool) {
	p.looks = append(p.looks, answered)
	if len(p.looks) > pulseLooks {
		p.looks = p.looks[1:]
	}
	missed := 0
	for _, ok := range p.looks {
		if !ok {
			missed++
		}
	}
	if !answered {
		p.spec.Tally.Add(pulsePart, "unanswered")
	}
	switch {
	case missed >= pulseMisses:
		c.Log().Error().Int("of", len(p.looks)).Int("unanswered", missed).Msg("our own questions are not answered though the broker is there: the sessions are renewed")
		p.spec.Tally.Add(pulsePart, "renewed")
		p.spec.Status.down(pulsePart, c.Epoch(), errSilent)
		p.looks = nil
		_ = p.spec.Consuming.Tell(c, renew{})  // one that is gone begins anew anyhow
		_ = p.spec.Publishing.Tell(c, renew{}) // as above
	case answered:
		p.spec.Status.up(pulsePart, c.Epoch())
	}
}

func (p *canary) lead(c *otp.Context[CanaryMessage], leads bool) {
	if p.spec.Leads.Swap(leads) != leads {
		c.Log().Info().Bool("leads", leads).Msg("which registrar speaks for all")
	}
}
