package amqpbridge

import (
	"errors"
	"strconv"

	"registrar/actors/otp"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/wire"
)

// The sessions are renewed when canaryMaxMissed of the last canaryHistory requests have no reply.
// One miss proves nothing: another registrar on the broker may be slow.
const (
	canaryHistory   = 6
	canaryMaxMissed = 3
)

// errSilent is the reason for renewed sessions.
var errSilent = errors.New("canary requests are not answered")

// onBeat records the end of the last request and publishes the next.
func (p *canary) onBeat(c *otp.Context[canaryMessage]) {
	if !p.subscribed {
		return
	}
	if p.requested && p.spec.Status.isUp(publisherName) { // a publisher that is down explains the miss
		p.record(c, p.open == "")
	}
	p.publishRequest(c)
	if p.spec.LeaderQueue != "" {
		p.publishToken(c)
	}
}

func (p *canary) publishRequest(c *otp.Context[canaryMessage]) {
	p.seq++
	p.requested, p.open = true, "canary-"+strconv.Itoa(p.seq)
	realm := string(canaryRealm)
	aor := "sip:canary@" + realm
	exchange, key := wire.Route{Kind: wire.KindAuthn, Generation: wire.Kazoo5}.Address(realm, "canary")
	body := p.sender.AuthnRequest(&wire.AuthnRequest{
		Envelope: wire.Envelope{MsgID: p.open, ServerID: p.spec.Key}, To: aor, From: aor,
		AuthUser: "canary", AuthRealm: realm, Method: "REGISTER",
	})
	// A request that the publisher does not take counts as missed.
	_ = p.publisher.Tell(c, publishMessage{Event: "canary", MsgID: p.open, Publishing: link.Publishing{
		Exchange: exchange, Key: key, ContentType: "application/json", Body: body,
	}})
}

// record adds a request to the history and renews the sessions when too many were missed.
func (p *canary) record(c *otp.Context[canaryMessage], answered bool) {
	p.history = append(p.history, answered)
	if len(p.history) > canaryHistory {
		p.history = p.history[1:]
	}
	missed := 0
	for _, ok := range p.history {
		if !ok {
			missed++
		}
	}
	if !answered {
		p.spec.Outcomes.add(canaryName, "unanswered")
	}
	switch {
	case missed >= canaryMaxMissed:
		p.renewSessions(c, missed)
	case answered:
		p.spec.Status.up(canaryName, c.Epoch())
	}
}

func (p *canary) renewSessions(c *otp.Context[canaryMessage], missed int) {
	c.Log().Error().Int("missed", missed).Int("requests", len(p.history)).
		Msg("canary requests are not answered; renewing the broker sessions")
	p.spec.Outcomes.add(canaryName, "renewed")
	p.spec.Status.down(canaryName, c.Epoch(), errSilent)
	p.history = nil
	_ = p.spec.Consuming.Tell(c, renew{})  // a connection that is not running starts with a new session
	_ = p.spec.Publishing.Tell(c, renew{}) // as above
}
