package amqpbridge

// phase is where a consumer stands between the start of its session and the end of its drain.
type phase uint8

const (
	// detached: the connection has no session.
	detached phase = iota
	// paused: there is a session and no subscription in use. A retry is scheduled, or an earlier
	// subscription is about to end, after which a retry follows.
	paused
	// subscribing: basic.consume is under way. Deliveries may arrive before it returns.
	subscribing
	// consuming: the normal state.
	consuming
	// drainSubscribing: a drain was requested while subscribing.
	drainSubscribing
	// drainPrefetch: acknowledgements are paused until the prefetch is full or the queue idle.
	// RabbitMQ marks a message as redelivered that it had assigned but not sent when basic.cancel
	// arrives; with a full prefetch or an idle queue there is none.
	drainPrefetch
	// cancelling: acknowledgements are paused and basic.cancel is under way.
	cancelling
	// finishing: no more deliveries arrive; the jobs that are open end and are acknowledged.
	finishing
	// drained: nothing is open, and nothing is consumed any more. It is the last phase.
	drained
)

// String returns the phase in snake case, as the console shows it.
func (p phase) String() string {
	names := [...]string{
		"detached", "paused", "subscribing", "consuming",
		"drain_subscribing", "drain_prefetch", "cancelling", "finishing", "drained",
	}
	if int(p) < len(names) {
		return names[p]
	}
	return "unknown"
}

// draining reports whether a drain was requested.
func (p phase) draining() bool { return p >= drainSubscribing }

// maxDrainPolls bounds the polls of drainPrefetch. A queue with a slow but steady flow of
// messages neither fills the prefetch nor becomes idle.
const maxDrainPolls = 10

// consumerState is the state of a consumer. It changes in [consumerState.next] alone.
type consumerState struct {
	phase     phase
	ackQueued bool   // an acksDue message is in the mailbox
	polls     int    // of drainPrefetch, so far
	polledAt  uint64 // number of deliveries at the last poll
}

// consumerEventKind is the kind of an event.
type consumerEventKind uint8

const (
	sessionStarted     consumerEventKind = iota // a session came up, or replaced another
	sessionEnded                                // the session ended
	retryDue                                    // it is time to subscribe again
	consumeSucceeded                            // basic.consume returned
	consumeFailed                               // basic.consume was refused
	becameUnanswerable                          // a delivery arrived and no reply can be published
	drainRequested                              // somebody asked for a drain
	drainPollDue                                // it is time to look at the prefetch
	cancelSucceeded                             // basic.cancel returned
	deliveriesEnded                             // the last delivery before basic.cancel is taken in
	jobEnded                                    // a job has ended and its delivery is settled
	ackMarkerArrived                            // the acksDue message has arrived
)

// consumerEvent is an event with the facts that [consumerState.next] needs.
type consumerEvent struct {
	kind       consumerEventKind
	answerable bool   // replies can be published
	open       int    // jobs that have not ended
	settled    int    // settled deliveries that are not acknowledged
	prefetch   int    // the limit of open and settled ones
	deliveries uint64 // number of deliveries so far
}

// effect is something that a consumer does after a transition.
type effect uint8

const (
	forgetJobs         effect = iota // drop jobs and subscription: the broker redelivers
	subscribe                        // start basic.consume
	adoptSubscription                // use the subscription that has just begun
	closeNewest                      // close the subscription that has just begun, then retry
	closeCurrent                     // close the subscription in use, then retry
	retryPaused                      // look again soon whether replies can be published
	retryRefused                     // subscribe again after a delay
	pollPrefetch                     // look at the prefetch after a delay
	cancelSubscription               // start basic.cancel
	awaitDeliveries                  // queue a marker behind the deliveries that arrived
	queueAcks                        // queue a marker, so that one acknowledgement covers much
	sendAcks                         // send the acknowledgements that are due
	sendAllAcks                      // send an acknowledgement for every settled delivery
	answerDrains                     // answer the requests for a drain
	reportUp                         // status: consuming
	reportDown                       // status: down
	reportRefused                    // status: basic.consume was refused
	reportUnanswerable               // status: requests are left to other registrars
)

// next returns the state after an event, and the effects, in order. It is pure. An event that a
// phase does not expect changes nothing: it was on its way when the phase changed.
func (s consumerState) next(e consumerEvent) (consumerState, []effect) {
	switch e.kind {
	case sessionStarted, sessionEnded:
		return s.onSession(e)
	case retryDue, consumeSucceeded, consumeFailed, becameUnanswerable:
		return s.onSubscription(e)
	case drainRequested, drainPollDue, cancelSucceeded, deliveriesEnded:
		return s.onDrain(e)
	case jobEnded:
		if s.ackQueued || s.phase != consuming && s.phase != finishing {
			return s, nil
		}
		s.ackQueued = true
		return s, []effect{queueAcks}
	case ackMarkerArrived:
		s.ackQueued = false
		switch s.phase {
		case consuming:
			return s, []effect{sendAcks}
		case finishing:
			return s.finish(e)
		default:
			return s, nil
		}
	}
	return s, nil
}

// onSession starts over. Jobs of the old session are forgotten, because the broker redelivers.
func (s consumerState) onSession(e consumerEvent) (consumerState, []effect) {
	effects := []effect{forgetJobs}
	if e.kind == sessionEnded {
		effects = append(effects, reportDown)
	}
	switch {
	case s.phase.draining():
		s.phase = drained // nothing is open, and nothing more is taken
		return s, append(effects, answerDrains)
	case e.kind == sessionEnded:
		s.phase = detached
		return s, effects
	}
	s, more := s.trySubscribe(e)
	return s, append(effects, more...)
}

// trySubscribe subscribes if replies can be published. A request that is taken and cannot be
// answered is lost to a registrar that could answer it.
func (s consumerState) trySubscribe(e consumerEvent) (consumerState, []effect) {
	if !e.answerable {
		s.phase = paused
		return s, []effect{reportUnanswerable, retryPaused}
	}
	s.phase = subscribing
	return s, []effect{subscribe}
}

func (s consumerState) onSubscription(e consumerEvent) (consumerState, []effect) {
	switch e.kind {
	case retryDue:
		if s.phase == paused {
			return s.trySubscribe(e)
		}
	case consumeSucceeded:
		return s.onConsumeSucceeded(e)
	case consumeFailed:
		return s.onConsumeFailed()
	case becameUnanswerable:
		switch s.phase {
		case subscribing: // its end follows when it has begun
			s.phase = paused
			return s, []effect{forgetJobs, reportUnanswerable}
		case consuming:
			s.phase = paused
			return s, []effect{sendAllAcks, closeCurrent, forgetJobs, reportUnanswerable}
		default: // a drain gives nothing back
		}
	default:
	}
	return s, nil
}

func (s consumerState) onConsumeSucceeded(e consumerEvent) (consumerState, []effect) {
	switch s.phase {
	case subscribing:
		s.phase = consuming
		if e.settled == 0 || s.ackQueued {
			return s, []effect{adoptSubscription, reportUp}
		}
		s.ackQueued = true // jobs that ended before there was a subscription to acknowledge them on
		return s, []effect{adoptSubscription, queueAcks, reportUp}
	case drainSubscribing:
		return s.startDrain(e, adoptSubscription)
	default: // it was given up meanwhile
		return s, []effect{closeNewest}
	}
}

func (s consumerState) onConsumeFailed() (consumerState, []effect) {
	switch s.phase {
	case subscribing, paused:
		s.phase = paused
		return s, []effect{forgetJobs, reportRefused, retryRefused}
	case drainSubscribing:
		s.phase = drained
		return s, []effect{forgetJobs, answerDrains}
	default:
		return s, nil
	}
}

func (s consumerState) onDrain(e consumerEvent) (consumerState, []effect) {
	switch {
	case e.kind == drainRequested:
		return s.onDrainRequested(e)
	case e.kind == drainPollDue && s.phase == drainPrefetch:
		s.polls++
		full, idle := e.open+e.settled >= e.prefetch, e.deliveries == s.polledAt
		if full || idle || s.polls >= maxDrainPolls {
			s.phase = cancelling
			return s, []effect{cancelSubscription}
		}
		s.polledAt = e.deliveries
		return s, []effect{pollPrefetch}
	case e.kind == cancelSucceeded && s.phase == cancelling:
		return s, []effect{awaitDeliveries}
	case e.kind == deliveriesEnded && s.phase == cancelling:
		s.phase = finishing
		return s.finish(e)
	}
	return s, nil
}

func (s consumerState) onDrainRequested(e consumerEvent) (consumerState, []effect) {
	switch s.phase {
	case detached, paused: // no jobs
		s.phase = drained
		return s, []effect{reportDown, answerDrains}
	case subscribing:
		s.phase = drainSubscribing
		return s, []effect{reportDown}
	case consuming:
		return s.startDrain(e, reportDown)
	case drained:
		return s, []effect{answerDrains}
	default: // under way
		return s, nil
	}
}

func (s consumerState) startDrain(e consumerEvent, first effect) (consumerState, []effect) {
	s.phase, s.polledAt = drainPrefetch, e.deliveries
	return s, []effect{first, pollPrefetch}
}

// finish acknowledges, and ends the drain once no job is open.
func (s consumerState) finish(e consumerEvent) (consumerState, []effect) {
	if e.open > 0 {
		return s, []effect{sendAcks}
	}
	s.phase = drained
	return s, []effect{sendAcks, answerDrains}
}
