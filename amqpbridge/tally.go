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
	if t == nil {
		return
	}
	k := Count{Flow: flow, Outcome: outcome}
	n, ok := t.counts.Load(k)
	if !ok {
		n, _ = t.counts.LoadOrStore(k, new(atomic.Uint64))
	}
	if c, ok := n.(*atomic.Uint64); ok {
		c.Add(1)
	}
}

// Counts returns all counts, sorted by flow and outcome.
func (t *Tally) Counts() []Count {
	var out []Count
	t.counts.Range(func(k, n any) bool {
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
