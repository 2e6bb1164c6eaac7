package amqpbridge

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// get returns how often a component counted an outcome.
func (t *outcomeCounters) get(component, outcome string) uint64 {
	for _, c := range t.outcomes.sorted() {
		if c.Component == component && c.Outcome == outcome {
			return c.N
		}
	}
	return 0
}

// Retries and rejected timestamps are counted beside the outcomes. Only messages with a Msg-ID
// are observed. A nil outcomeCounters counts nothing.
func TestOutcomeCounters(t *testing.T) {
	var observed []string
	c := &outcomeCounters{observer: func(component, outcome, msgID string) {
		observed = append(observed, component+" "+outcome+" "+msgID)
	}}
	for _, counted := range []*outcomeCounters{c, nil} {
		counted.add("queries", "answered")
		counted.add("authn", "shed")
		counted.add("authn", "answered")
		counted.add("authn", "answered")
		counted.addRetry("authn")
		counted.addRejectedTimestamp("registrations")
		counted.observe("authn", "answered", "")
		counted.observe("authn", "answered", "id")
	}
	want := []OutcomeCount{{"authn", "answered", 2}, {"authn", "shed", 1}, {"queries", "answered", 1}}
	if diff := cmp.Diff(want, c.outcomes.sorted()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]OutcomeCount{{"authn", "", 1}}, c.retries.sorted()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]OutcomeCount{{"registrations", "", 1}}, c.rejectedTimestamps.sorted()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"authn answered id"}, observed); diff != "" {
		t.Error(diff)
	}
}
