package amqpbridge

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
)

// OutcomeCount is the number of messages of a component that had an outcome. Components are the
// consumers, the publisher, the notifier and the canary.
type OutcomeCount struct {
	Component, Outcome string
	N                  uint64
}

// outcomeCounters counts the outcomes of messages: each message of a component has exactly one.
// It is safe for concurrent use. A nil outcomeCounters counts nothing.
type outcomeCounters struct {
	outcomes counters
	// retries and rejectedTimestamps are counted beside the outcomes, with an empty Outcome.
	retries, rejectedTimestamps counters
	// observer is told the outcome of each message with a Msg-ID; nil for none.
	observer func(component, outcome, msgID string)
}

// add counts an outcome. Outcomes are constants: their number is bounded.
func (t *outcomeCounters) add(component, outcome string) {
	if t != nil {
		t.outcomes.add(OutcomeCount{Component: component, Outcome: outcome})
	}
}

// addRetry counts a retry of a consumer's job.
func (t *outcomeCounters) addRetry(consumer string) {
	if t != nil {
		t.retries.add(OutcomeCount{Component: consumer})
	}
}

// addRejectedTimestamp counts a message with an unusable Event-Timestamp.
func (t *outcomeCounters) addRejectedTimestamp(consumer string) {
	if t != nil {
		t.rejectedTimestamps.add(OutcomeCount{Component: consumer})
	}
}

// observe tells the observer the outcome of a message.
func (t *outcomeCounters) observe(component, outcome, msgID string) {
	if t != nil && t.observer != nil && msgID != "" {
		t.observer(component, outcome, msgID)
	}
}

// counters maps an OutcomeCount without N to its *atomic.Uint64.
type counters struct{ m sync.Map }

func (c *counters) add(k OutcomeCount) {
	n, ok := c.m.Load(k)
	if !ok {
		n, _ = c.m.LoadOrStore(k, new(atomic.Uint64))
	}
	if n, ok := n.(*atomic.Uint64); ok {
		n.Add(1)
	}
}

// sorted returns the counts, sorted by component and outcome.
func (c *counters) sorted() []OutcomeCount {
	var out []OutcomeCount
	c.m.Range(func(k, n any) bool {
		key, ok := k.(OutcomeCount)
		value, ok2 := n.(*atomic.Uint64)
		if ok && ok2 {
			key.N = value.Load()
			out = append(out, key)
		}
		return true
	})
	slices.SortFunc(out, func(a, b OutcomeCount) int {
		return cmp.Or(cmp.Compare(a.Component, b.Component), cmp.Compare(a.Outcome, b.Outcome))
	})
	return out
}
