package amqpbridge

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// phases and events are all there are.
func phases() (all []phase) {
	for p := detached; p <= drained; p++ {
		all = append(all, p)
	}
	return all
}

func events() (all []consumerEventKind) {
	for k := sessionStarted; k <= ackMarkerArrived; k++ {
		all = append(all, k)
	}
	return all
}

// transitionCase is a transition: from phase on kind to phase then, with effects. Its event has
// an open job and no settled delivery, and replies can be published, unless fact says otherwise.
type transitionCase struct {
	from    phase
	kind    consumerEventKind
	fact    func(*consumerState, *consumerEvent)
	to      phase
	effects []effect
}

func transitionTable() []transitionCase {
	unanswerable := func(_ *consumerState, e *consumerEvent) { e.answerable = false }
	settled := func(_ *consumerState, e *consumerEvent) { e.settled = 1 }
	queued := func(s *consumerState, e *consumerEvent) { s.ackQueued, e.settled = true, 1 }
	noneOpen := func(_ *consumerState, e *consumerEvent) { e.open = 0 }
	fullPrefetch := func(_ *consumerState, e *consumerEvent) { e.open, e.settled, e.deliveries = 6, 4, 9 }
	busy := func(_ *consumerState, e *consumerEvent) { e.deliveries = 9 }
	lastPoll := func(s *consumerState, e *consumerEvent) { s.polls, e.deliveries = maxDrainPolls-1, 9 }
	restart := []effect{forgetJobs, subscribe}
	endDrain := []effect{forgetJobs, answerDrains}
	endSession := []effect{forgetJobs, reportDown}
	endBoth := []effect{forgetJobs, reportDown, answerDrains}
	refused := []effect{forgetJobs, reportRefused, retryRefused}
	return []transitionCase{
		{detached, sessionStarted, nil, subscribing, restart},
		{detached, sessionStarted, unanswerable, paused, []effect{forgetJobs, reportUnanswerable, retryPaused}},
		{paused, sessionStarted, nil, subscribing, restart},
		{subscribing, sessionStarted, nil, subscribing, restart},
		{consuming, sessionStarted, nil, subscribing, restart},
		{consuming, sessionStarted, unanswerable, paused, []effect{forgetJobs, reportUnanswerable, retryPaused}},
		{drainSubscribing, sessionStarted, nil, drained, endDrain},
		{drainPrefetch, sessionStarted, nil, drained, endDrain},
		{cancelling, sessionStarted, nil, drained, endDrain},
		{finishing, sessionStarted, nil, drained, endDrain},
		{drained, sessionStarted, nil, drained, endDrain},

		{detached, sessionEnded, nil, detached, endSession},
		{paused, sessionEnded, nil, detached, endSession},
		{subscribing, sessionEnded, nil, detached, endSession},
		{consuming, sessionEnded, nil, detached, endSession},
		{drainSubscribing, sessionEnded, nil, drained, endBoth},
		{drainPrefetch, sessionEnded, nil, drained, endBoth},
		{cancelling, sessionEnded, nil, drained, endBoth},
		{finishing, sessionEnded, nil, drained, endBoth},
		{drained, sessionEnded, nil, drained, endBoth},

		{paused, retryDue, nil, subscribing, []effect{subscribe}},
		{paused, retryDue, unanswerable, paused, []effect{reportUnanswerable, retryPaused}},

		{detached, consumeSucceeded, nil, detached, []effect{closeNewest}},
		{paused, consumeSucceeded, nil, paused, []effect{closeNewest}},
		{subscribing, consumeSucceeded, nil, consuming, []effect{adoptSubscription, reportUp}},
		{subscribing, consumeSucceeded, settled, consuming, []effect{adoptSubscription, queueAcks, reportUp}},
		{subscribing, consumeSucceeded, queued, consuming, []effect{adoptSubscription, reportUp}},
		{consuming, consumeSucceeded, nil, consuming, []effect{closeNewest}},
		{drainSubscribing, consumeSucceeded, nil, drainPrefetch, []effect{adoptSubscription, pollPrefetch}},
		{drainPrefetch, consumeSucceeded, nil, drainPrefetch, []effect{closeNewest}},
		{cancelling, consumeSucceeded, nil, cancelling, []effect{closeNewest}},
		{finishing, consumeSucceeded, nil, finishing, []effect{closeNewest}},
		{drained, consumeSucceeded, nil, drained, []effect{closeNewest}},

		{subscribing, consumeFailed, nil, paused, refused},
		{paused, consumeFailed, nil, paused, refused},
		{drainSubscribing, consumeFailed, nil, drained, endDrain},

		{subscribing, becameUnanswerable, nil, paused, []effect{forgetJobs, reportUnanswerable}},
		{consuming, becameUnanswerable, nil, paused, []effect{sendAllAcks, closeCurrent, forgetJobs, reportUnanswerable}},

		{detached, drainRequested, nil, drained, []effect{reportDown, answerDrains}},
		{paused, drainRequested, nil, drained, []effect{reportDown, answerDrains}},
		{subscribing, drainRequested, nil, drainSubscribing, []effect{reportDown}},
		{consuming, drainRequested, nil, drainPrefetch, []effect{reportDown, pollPrefetch}},
		{drained, drainRequested, nil, drained, []effect{answerDrains}},

		{drainPrefetch, drainPollDue, nil, cancelling, []effect{cancelSubscription}},
		{drainPrefetch, drainPollDue, fullPrefetch, cancelling, []effect{cancelSubscription}},
		{drainPrefetch, drainPollDue, busy, drainPrefetch, []effect{pollPrefetch}},
		{drainPrefetch, drainPollDue, lastPoll, cancelling, []effect{cancelSubscription}},

		{cancelling, cancelSucceeded, nil, cancelling, []effect{awaitDeliveries}},
		{cancelling, deliveriesEnded, nil, finishing, []effect{sendAcks}},
		{cancelling, deliveriesEnded, noneOpen, drained, []effect{sendAcks, answerDrains}},

		{consuming, jobEnded, nil, consuming, []effect{queueAcks}},
		{consuming, jobEnded, queued, consuming, nil},
		{finishing, jobEnded, nil, finishing, []effect{queueAcks}},
		{finishing, jobEnded, queued, finishing, nil},

		{consuming, ackMarkerArrived, nil, consuming, []effect{sendAcks}},
		{finishing, ackMarkerArrived, nil, finishing, []effect{sendAcks}},
		{finishing, ackMarkerArrived, noneOpen, drained, []effect{sendAcks, answerDrains}},
	}
}

// Every phase takes every event as the table says. An event that the table does not name changes
// nothing.
func TestConsumerTransitions(t *testing.T) {
	table := transitionTable()
	for _, from := range phases() {
		for _, kind := range events() {
			if !slices.ContainsFunc(table, func(tc transitionCase) bool { return tc.from == from && tc.kind == kind }) {
				table = append(table, transitionCase{from: from, kind: kind, to: from})
			}
		}
	}
	for _, tc := range table {
		s := consumerState{phase: tc.from, polledAt: 5}
		e := consumerEvent{kind: tc.kind, answerable: true, open: 1, prefetch: 10, deliveries: 5}
		if tc.fact != nil {
			tc.fact(&s, &e)
		}
		next, effects := s.next(e)
		if next.phase != tc.to {
			t.Errorf("%v on event %d: %v, want %v", tc.from, tc.kind, next.phase, tc.to)
		}
		if diff := cmp.Diff(tc.effects, effects); diff != "" {
			t.Errorf("%v on event %d: effects, - want, + got:\n%s", tc.from, tc.kind, diff)
		}
	}
}

// environment is a model of the broker, the timers and the mailbox of a consumer. It checks each
// effect, and offers only events that can occur.
type environment struct {
	*rapid.T
	state      consumerState
	session    bool
	answerable bool
	open       int // jobs
	settled    int
	deliveries uint64
	drains     int  // requests without an answer
	draining   bool // one was requested

	pending map[consumerEventKind]int // events under way in this session
	markers map[consumerEventKind]int // messages in the mailbox, which outlive a session
	ours    bool                      // deliveries of the subscription are taken
	known   bool                      // its basic.consume has returned
	newest  bool                      // one has returned that is neither adopted nor closed
	broker  int                       // subscriptions at the broker: open, opening or closing
	quiet   bool                      // acknowledgements are paused for a drain
}

func newEnvironment(t *rapid.T) *environment {
	return &environment{T: t, answerable: true, pending: map[consumerEventKind]int{}, markers: map[consumerEventKind]int{}}
}

func (v *environment) on(kind consumerEventKind) {
	state, effects := v.state.next(consumerEvent{
		kind: kind, answerable: v.answerable, open: v.open, settled: v.settled, prefetch: 4, deliveries: v.deliveries,
	})
	v.state = state
	for _, do := range effects {
		v.perform(do)
	}
}

func (v *environment) perform(do effect) { //nolint:cyclop // a table of effects.
	switch do {
	case forgetJobs:
		v.open, v.settled, v.ours, v.known, v.quiet = 0, 0, false, false, false
	case subscribe:
		if v.draining || v.broker > 0 || !v.session || !v.answerable {
			v.Fatalf("subscribes: draining %v, %d subscriptions, session %v, answerable %v", v.draining, v.broker, v.session, v.answerable)
		}
		v.broker, v.ours = 1, true
		v.pending[consumeSucceeded]++
	case adoptSubscription:
		if !v.newest || !v.ours {
			v.Fatal("adopts a subscription that is not there, or was given up")
		}
		v.newest, v.known = false, true
	case closeNewest:
		if !v.newest || v.ours {
			v.Fatal("closes a subscription that is not there, or in use")
		}
		v.newest = false
		v.pending[retryDue]++
	case closeCurrent:
		if !v.known {
			v.Fatal("closes a subscription that is not there")
		}
		v.pending[retryDue]++
	case retryPaused, retryRefused:
		v.pending[retryDue]++
	case pollPrefetch:
		v.quiet = true
		v.markers[drainPollDue]++
	case cancelSubscription:
		if !v.known || !v.quiet {
			v.Fatal("cancels without a subscription, or while it acknowledges")
		}
		v.pending[cancelSucceeded]++
	case awaitDeliveries:
		v.markers[deliveriesEnded]++
	case queueAcks:
		if v.markers[ackMarkerArrived] > 0 {
			v.Fatal("queues a second marker for acknowledgements")
		}
		v.markers[ackMarkerArrived]++
	case sendAcks, sendAllAcks:
		if !v.known || v.quiet {
			v.Fatalf("acknowledges: subscription %v, paused for a drain %v", v.known, v.quiet)
		}
		v.settled = 0
	case answerDrains:
		if v.open > 0 || v.settled > 0 && v.session {
			v.Fatalf("drained with %d open and %d settled deliveries", v.open, v.settled)
		}
		v.drains = 0
	case reportUp, reportDown, reportRefused, reportUnanswerable:
	}
}

// take takes an event that is under way.
func (v *environment) take(kind consumerEventKind) {
	from := v.pending
	if v.markers[kind] > 0 {
		from = v.markers
	}
	from[kind]--
	switch kind {
	case consumeSucceeded:
		if rapid.Bool().Draw(v.T, "refused") {
			v.broker = 0
			v.ours = v.ours && v.state.phase != paused
			v.on(consumeFailed)
			return
		}
		v.newest = true
	case retryDue:
		if !v.ours {
			v.broker = 0 // closed, or none was there
		}
	case deliveriesEnded:
		v.quiet = false
	default:
	}
	v.on(kind)
}

// underWay lists the events that are under way.
func (v *environment) underWay() (kinds []consumerEventKind) {
	for _, k := range events() {
		if v.pending[k]+v.markers[k] > 0 {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

func (v *environment) setSession(up bool) {
	clear(v.pending)
	v.session, v.newest, v.broker = up, false, 0
	if up {
		v.on(sessionStarted)
	} else {
		v.on(sessionEnded)
	}
}

func (v *environment) deliver() {
	if !v.answerable {
		v.on(becameUnanswerable)
	}
	if v.ours {
		v.open++
		v.deliveries++
	}
}

func (v *environment) endJob() {
	v.open--
	v.settled++
	v.on(jobEnded)
}

// step is something that may happen to a consumer.
type step uint8

const (
	stepSession step = iota
	stepAnswerable
	stepDrain
	stepDeliver
	stepEndJob
	stepEvent
)

// steps returns the steps as often as they are to be drawn; ends of sessions and drains are rare.
func steps() (all []step) {
	for s, n := range map[step]int{stepSession: 1, stepDrain: 1, stepAnswerable: 12, stepDeliver: 14, stepEndJob: 14, stepEvent: 24} {
		all = append(all, slices.Repeat([]step{s}, n)...)
	}
	slices.Sort(all)
	return all
}

// do does a step if it is possible at this moment.
func (v *environment) do(s step) {
	switch s {
	case stepSession:
		v.setSession(!v.session || rapid.Bool().Draw(v.T, "session"))
	case stepAnswerable:
		v.answerable = rapid.SampledFrom([]bool{true, false}).Draw(v.T, "answerable")
	case stepDrain:
		if !v.draining { // a second one would be answered with the first
			v.drains, v.draining = 1, true
			v.on(drainRequested)
		}
	case stepDeliver:
		if v.delivers() {
			v.deliver()
		}
	case stepEndJob:
		if v.open > 0 {
			v.endJob()
		}
	case stepEvent:
		if kinds := v.underWay(); len(kinds) > 0 {
			v.take(rapid.SampledFrom(kinds).Draw(v.T, "event"))
		}
	}
}

// delivers reports whether the broker can deliver a message.
func (v *environment) delivers() bool {
	ended := v.markers[deliveriesEnded] > 0 || v.state.phase == finishing || v.state.phase == drained
	return v.ours && v.open+v.settled < 4 && !ended
}

// settle lets every event under way happen, with a session and with replies that can be
// published.
func (v *environment) settle() {
	v.answerable = true
	if !v.session {
		v.setSession(true)
	}
	for range 200 {
		kinds := v.underWay()
		if v.open > 0 {
			v.endJob()
		} else if len(kinds) == 0 {
			return
		} else {
			v.take(kinds[0])
		}
	}
}

// Events come in any order: a consumer has one subscription at most, acknowledges on it alone
// and not while acknowledgements are paused, and subscribes no more after a drain was requested.
// In the end it consumes, or every drain is answered.
func TestConsumerSafety(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := newEnvironment(t)
		v.setSession(true)
		for range 200 {
			v.do(rapid.SampledFrom(steps()).Draw(t, "step"))
		}
		v.settle()
		switch {
		case v.drains > 0:
			t.Fatalf("%d drains are never answered in phase %v", v.drains, v.state.phase)
		case v.draining && v.state.phase != drained:
			t.Fatalf("after a drain it is %v", v.state.phase)
		case !v.draining && v.state.phase != consuming:
			t.Fatalf("with a session and replies that can be published it is %v", v.state.phase)
		case v.settled > 0:
			t.Fatalf("%d settled deliveries are not acknowledged", v.settled)
		}
	})
}
