package memory

import (
	"maps"
	"slices"
)

// bury sends a message to where its queue has dead letters go, if anywhere. One that comes round to the same queue without ever
// having been refused is dropped there, as with RabbitMQ.
func (q *queue) bury(m *message, reason string) {
	exchange, key := q.spec.DeadLetterExchange, q.spec.DeadLetterKey
	if exchange == "" && key == "" {
		return
	}
	if key == "" {
		key = m.Key
	}
	died := m.died
	if reason == "rejected" {
		died = nil
	} else {
		died = append(slices.Clone(died), q.name)
	}
	letter := m.Publishing
	letter.Headers = maps.Clone(m.Headers)
	if letter.Headers == nil {
		letter.Headers = map[string]any{}
	}
	if _, before := letter.Headers["x-first-death-queue"]; !before {
		letter.Headers["x-first-death-reason"] = reason
		letter.Headers["x-first-death-queue"] = q.name
		letter.Headers["x-first-death-exchange"] = m.Exchange
	}
	letter.Exchange, letter.Key = exchange, key
	to, _ := q.b.routed(exchange, key)
	for _, other := range to {
		if !slices.Contains(died, other.name) {
			other.put(letter, died)
		}
	}
}
