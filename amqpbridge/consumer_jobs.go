package amqpbridge

import (
	"errors"
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/registration"
	"registrar/amqpbridge/delivery"
	"registrar/amqpbridge/wire"
)

// Outcomes that stand in several places.
const (
	outcomeAnswered         = "answered"
	outcomeDeadlineExceeded = "deadline_exceeded"
	outcomeNotFound         = "not_found"
	outcomeNotFoundSilent   = "not_found_silent"
	outcomeNotLeader        = "not_leader"
	outcomeUnroutable       = "unroutable"
)

// backlog is how long after the prefetch was exhausted a delivery may have waited in the queue.
const backlog = time.Second

// isOpen reports whether a job of this incarnation and session has not ended.
func (f *consumer) isOpen(j *job) bool {
	_, open := f.jobs[j]
	return open
}

func (f *consumer) onDelivered(c *consumerContext, m delivered) {
	if m.by == f.by && !f.answerable() {
		f.transition(c, becameUnanswerable)
	}
	if m.by != f.by {
		return // of a subscription that was given up: the broker redelivers
	}
	j := &job{consumer: f, by: m.by, d: m.d, at: m.at, waited: m.d.Waited || m.at.Sub(f.fullAt) < backlog}
	f.acks.Add(m.d.Tag)
	f.deliveries++
	f.jobs[j] = struct{}{}
	if len(f.jobs) >= f.spec.Consumer.Prefetch {
		f.fullAt = m.at
	}
	err := f.spec.Handler.decode(j)
	f.trace(c, j)
	if err != nil {
		j.complete(c, failed(err))
		return
	}
	if f.order.Admit(j.orderKey, j) {
		f.admit(c, j)
	}
}

// admit begins the work on a job, or queues it.
func (f *consumer) admit(c *consumerContext, j *job) {
	begin, shed := f.admission.Enter(j, j.aor, j.canary)
	if shed != nil {
		f.finish(c, shed, "shed")
	}
	if begin {
		f.work(c, j)
	}
}

// work begins the work on an admitted job.
func (f *consumer) work(c *consumerContext, j *job) {
	if limit := f.spec.Policy.ReplyDeadline; limit > 0 && f.spec.Now().Sub(j.at) >= limit {
		f.finish(c, j, outcomeDeadlineExceeded)
		return
	}
	f.spec.Handler.handle(c, j)
}

// onRetryJob tries a job again. A job that has to be parked only needs its place.
func (f *consumer) onRetryJob(c *consumerContext, j *job) {
	switch {
	case !f.isOpen(j):
	case j.parking != nil:
		f.park(c, j)
	default:
		f.admit(c, j)
	}
}

// release ends the work on a job, for now or for good, and begins the next one.
func (f *consumer) release(c *consumerContext, j *job) {
	f.admission.Leave(j)
	if next := f.admission.Next(); next != nil {
		f.work(c, next)
	}
}

// onComplete settles a job, or decides about its error.
func (f *consumer) onComplete(c *consumerContext, j *job, r result) {
	switch {
	case !f.isOpen(j):
	case r.err != nil:
		f.onFailed(c, j, r.err)
	default:
		if makesKnown(r.outcome) {
			f.admission.Answered(j.aor)
		}
		f.finish(c, j, r.outcome)
	}
}

// makesKnown reports whether a user is known after an outcome, see [delivery.AdmissionQueue].
func makesKnown(outcome string) bool {
	return outcome == outcomeAnswered ||
		outcome == registration.Refreshed.String() || outcome == registration.Registered.String()
}

// onFailed carries out the policy's decision about an error.
func (f *consumer) onFailed(c *consumerContext, j *job, err error) {
	decision := f.spec.Policy.Decide(f.failure(j, err))
	j.tries++
	if errors.Is(err, otp.ErrCrashed) {
		j.crashes++
	}
	switch decision.Action {
	case delivery.Retry:
		c.Log().Debug().Err(err).Str("consumer", f.spec.Name).Dur("after", decision.After).Msg("delivery is tried again")
		f.retry(c, j, decision.After)
	case delivery.Drop:
		f.finish(c, j, decision.Outcome)
	case delivery.ParkMalformed:
		f.reject(c, j, decision.Outcome, err)
	case delivery.ParkPoison:
		c.Log().Error().Err(err).Str("consumer", f.spec.Name).Int("tries", j.tries).Msg("message parked as poison")
		j.parking = &parking{queue: f.spec.PoisonQueue, outcome: decision.Outcome, cause: err}
		f.park(c, j)
	case delivery.ParkFull:
		j.parking = &parking{queue: f.spec.PoisonQueue, outcome: decision.Outcome, cause: err}
		f.park(c, j)
	}
}

// failure describes a failed try for the policy.
func (f *consumer) failure(j *job, err error) delivery.Failure {
	d := delivery.Failure{
		Kind: domain.KindOf(err), Crashed: errors.Is(err, otp.ErrCrashed), Tries: j.tries, Crashes: j.crashes,
		Age: f.spec.Now().Sub(j.at),
	}
	if e, ok := errors.AsType[*wire.Error](err); ok {
		d.Reason = string(e.Reason)
	}
	if d.Kind == domain.Full {
		d.NoRoom = !f.mayWaitForSpace(j)
	}
	return d
}

// retry lets other jobs work until the next try of this one.
func (f *consumer) retry(c *consumerContext, j *job, after time.Duration) {
	f.spec.Outcomes.addRetry(f.spec.Name)
	f.release(c, j)
	c.After(after, retryJob{j: j})
}

// finish counts a job, settles its delivery, and begins the jobs that waited for it.
func (f *consumer) finish(c *consumerContext, j *job, outcome string) {
	delete(f.jobs, j)
	f.spec.Outcomes.add(f.spec.Name, outcome)
	f.acks.Settle(j.d.Tag)
	f.transition(c, jobEnded)
	for _, next := range f.order.Done(j.orderKey) {
		f.admit(c, next)
	}
	f.release(c, j)
	if j.msg != nil {
		f.spec.Outcomes.observe(f.spec.Name, outcome, wire.EnvelopeOf(j.msg).MsgID)
	}
}
