package supervisor

import (
	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/amqpbridge"
	"registrar/supervisor/console"
)

// metrics provides the figures of a server to the admin server.
type metrics struct{ *Server }

// Samples returns the outcome counters.
func (s metrics) Samples() []console.Sample { return samples(s.Counts()) }

// Retries returns the retries by consumer.
func (s metrics) Retries() []console.Sample {
	return samples(s.components.bridge.Retries())
}

// RejectedTimestamps returns the messages with an unusable event time by consumer.
func (s metrics) RejectedTimestamps() []console.Sample {
	return samples(s.Server.RejectedTimestamps())
}

func samples(counts []amqpbridge.OutcomeCount) []console.Sample {
	var out []console.Sample
	for _, c := range counts {
		out = append(out, console.Sample{Flow: c.Component, Outcome: c.Outcome, Count: c.N})
	}
	return out
}

// Components returns the components of the bridge and the files of the store.
func (s metrics) Components() []domain.Component { return s.conditions() }

// Commits returns the number of commits of each file.
func (s metrics) Commits() map[string]uint64 {
	return map[string]uint64{"credentials.db": s.components.credentials.Commits(), "registrations.db": s.components.registrations.Commits()}
}

// Processes returns the number of running processes and of restarts.
func (s metrics) Processes() (up int, restarts uint64) {
	var walk func(n otp.Node)
	walk = func(n otp.Node) {
		up += 1 + n.Dynamic
		for _, c := range n.Children {
			walk(c)
		}
	}
	walk(s.Tree())
	return up, s.Restarts()
}
