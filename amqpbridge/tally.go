package amqpbridge

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
)

// Tally counts what became of messages: every one that comes in ends in exactly one count. It is safe for use by many
// goroutines; a nil Tally counts nothing.
type Tally struct {
	counts sync.Map // Count without N → *atomic.Uint64
	// retries and rejectedTimestamps count by consumer, beside the outcomes; Outcome is empty.
	retries, rejectedTimestamps sync.Map
	// Watch is told what became of each message whose Msg-ID is known; nil is nobody. It is set before anything is counted.
	Watch func(flow, outcome, id string)
}

// Count is how often an outcome was seen in a flow.
type Count struct {
	Flow, Outcome string
	N             uint64
}

// Add counts one. Outcomes come from constants: there is a bounded number of them.
func (t *Tally) Add(flow, outcome string) {
	if t != nil {
		increment(&t.counts, Count{Flow: flow, Outcome: outcome})
	}
}

// Retried counts another try of a consumer's job.
func (t *Tally) Retried(consumer string) {
	if t != nil {
		increment(&t.retries, Count{Flow: consumer})
	}
}

// RejectedTimestamp counts a message of a consumer whose event time cannot be used.
func (t *Tally) RejectedTimestamp(consumer string) {
	if t != nil {
		increment(&t.rejectedTimestamps, Count{Flow: consumer})
	}
}

func increment(counts *sync.Map, k Count) {
	n, ok := counts.Load(k)
	if !ok {
		n, _ = counts.LoadOrStore(k, new(atomic.Uint64))
	}
	if c, ok := n.(*atomic.Uint64); ok {
		c.Add(1)
	}
}

// Counts returns all counts, sorted by flow and outcome.
func (t *Tally) Counts() []Count { return sorted(&t.counts) }

// Retries returns how often each consumer has tried a job again.
func (t *Tally) Retries() []Count { return sorted(&t.retries) }

// RejectedTimestamps returns how many messages of each consumer had an event time that cannot be used.
func (t *Tally) RejectedTimestamps() []Count { return sorted(&t.rejectedTimestamps) }

func sorted(counts *sync.Map) []Count {
	var out []Count
	counts.Range(func(k, n any) bool {
		key, ok := k.(Count)
		c, ok2 := n.(*atomic.Uint64)
		if ok && ok2 {
			key.N = c.Load()
			out = append(out, key)
		}
		return true
	})
	slices.SortFunc(out, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Flow, b.Flow), cmp.Compare(a.Outcome, b.Outcome))
	})
	return out
}

// Get returns one count.
func (t *Tally) Get(flow, outcome string) uint64 {
	n, ok := t.counts.Load(Count{Flow: flow, Outcome: outcome})
	if !ok {
		return 0
	}
	if c, ok := n.(*atomic.Uint64); ok {
		return c.Load()
	}
	return 0
}

// watch tells what became of a message.
func (t *Tally) watch(flow, outcome, id string) {
	if t != nil && t.Watch != nil && id != "" {
		t.Watch(flow, outcome, id)
	}
}
