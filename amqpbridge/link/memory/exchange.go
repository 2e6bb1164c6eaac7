package memory

import (
	"strings"

	"registrar/amqpbridge/link"
)

// exchange routes messages by its bindings, in the order of binding.
type exchange struct {
	spec     link.Exchange
	bindings []binding
}

type binding struct {
	key string
	q   *queue
}

// bind adds a binding unless it exists.
func (x *exchange) bind(key string, q *queue) {
	for _, have := range x.bindings {
		if have.key == key && have.q == q {
			return
		}
	}
	x.bindings = append(x.bindings, binding{key, q})
}

// route returns the queues that match the key, each once.
func (x *exchange) route(key string) []*queue {
	var taken []*queue
	seen := map[*queue]bool{}
	for _, bound := range x.bindings {
		if seen[bound.q] || !x.matches(bound.key, key) {
			continue
		}
		seen[bound.q] = true
		taken = append(taken, bound.q)
	}
	return taken
}

func (x *exchange) matches(pattern, key string) bool {
	if x.spec.Kind == "topic" {
		return matches(words(pattern), words(key))
	}
	return pattern == key
}

// words splits a key at its dots. An empty key has no words, as with RabbitMQ.
func words(key string) []string {
	if key == "" {
		return nil
	}
	return strings.Split(key, ".")
}

// matches reports whether a topic pattern matches: * is one word, # any number.
func matches(pattern, key []string) bool {
	for len(pattern) > 0 {
		switch {
		case pattern[0] == "#":
			for skip := range len(key) + 1 {
				if matches(pattern[1:], key[skip:]) {
					return true
				}
			}
			return false
		case len(key) == 0, pattern[0] != "*" && pattern[0] != key[0]:
			return false
		}
		pattern, key = pattern[1:], key[1:]
	}
	return len(key) == 0
}

// routed returns the queues for a message, and whether the exchange exists.
func (b *Broker) routed(exchange, key string) ([]*queue, bool) {
	if exchange == "" {
		if q, ok := b.queues[key]; ok {
			return []*queue{q}, true
		}
		return nil, true
	}
	x, ok := b.exchanges[exchange]
	if !ok {
		return nil, false
	}
	return x.route(key), true
}
