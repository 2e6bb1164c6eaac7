package memory

import (
	"maps"
	"slices"
)

// deadLetter sends a message to the dead-letter destination of its queue, if any. RabbitMQ drops a
// message that returns to the same queue in a cycle without a rejection; so does this.
func (q *queue) deadLetter(m *message, reason string) {
	exchange, key := q.spec.DeadLetterExchange, q.spec.DeadLetterKey
	if exchange == "" && key == "" {
		return
	}
	if key == "" {
		key = m.Key
	}
	died := m.deadLettered
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
