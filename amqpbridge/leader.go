package amqpbridge

import (
	"registrar/actors/otp"
	"registrar/amqpbridge/link"
)

// leaderTimeout is the number of canary intervals without a leader token after which a registrar
// gives up the leadership.
const leaderTimeout = 4

// publishToken publishes a leader token and gives up the leadership if none has arrived for long.
func (p *canary) publishToken(c *otp.Context[canaryMessage]) {
	if p.sinceToken++; p.sinceToken > leaderTimeout {
		p.setLeader(c, false)
	}
	// A lost token is made good by the next.
	_ = p.publisher.Tell(c, publishMessage{Event: "token", Publishing: link.Publishing{
		Key: p.spec.LeaderQueue, Body: []byte("token"), Expiration: p.spec.Every,
	}})
}

// setLeader sets whether this registrar is the leader: the one that sends notifications and
// answers reg_sync. Each registrar publishes tokens to one queue with a single active consumer
// (x-single-active-consumer); the registrar that receives them is the leader.
func (p *canary) setLeader(c *otp.Context[canaryMessage], leader bool) {
	if p.spec.Leader.Swap(leader) != leader {
		c.Log().Info().Bool("leader", leader).Msg("leader changed")
	}
}
