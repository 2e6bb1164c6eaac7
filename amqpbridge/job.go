package amqpbridge

import (
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/amqpbridge/link"
	"registrar/amqpbridge/wire"
)

// job is the work on one delivery. It lives from the arrival to the outcome, so that it can be
// tried again after an actor on its way has crashed. The consumer's goroutine alone touches it.
type job struct {
	consumer *consumer
	by       *subscription
	d        link.Delivery
	at       time.Time // arrival
	waited   bool      // the message may have waited in the queue
	tries    int
	crashes  int // how many tries crashed an actor
	msg      wire.Message
	route    wire.Route
	aor      domain.Key // the user; zero when unknown
	canary   bool       // a registrar's own request
	// orderKey is the user whose reports keep their order, or the realm when it has no user. The
	// zero key keeps no order.
	orderKey domain.Key
	// stamp and age are a report's, see [Clocks].
	stamp domain.Stamp
	age   time.Duration
	// replyTTL is how long after its arrival a reply is worth sending; zero is for ever.
	replyTTL        time.Duration
	waitingForSpace bool     // the store is full
	parking         *parking // set once it has to be parked
}

// result is how the work on a job ended: with an outcome, or with an error.
type result struct {
	outcome string
	err     error
}

// ended is the result of work that is done.
func ended(outcome string) result { return result{outcome: outcome} }

// failed is the result of work that failed. The consumer's policy decides how to go on.
func failed(err error) result { return result{err: err} }

// complete ends the work on a job: it settles the delivery, or tries again, drops or parks it. A
// job that is not open any more is ignored.
func (j *job) complete(c *consumerContext, r result) { j.consumer.onComplete(c, j, r) }

// call is a request to an actor on behalf of a job.
type call[M, T any] struct {
	to      *otp.Ref[M]
	timeout time.Duration // zero is none
	request func(otp.From[T]) M
	// then continues with the answer.
	then func(c *consumerContext, answer T)
	// onError is the outcome after an error. If it is empty the job fails with the error.
	onError string
}

// ask sends a request. An error completes the job.
func ask[M, T any](c *consumerContext, j *job, q call[M, T]) {
	otp.Ask(c, q.to, q.timeout, q.request, func(answer T, err error) consumerMessage {
		m := answered{j: j, err: err, then: func(c *consumerContext) { q.then(c, answer) }}
		if err != nil && q.onError != "" {
			m.err, m.then = nil, func(c *consumerContext) { j.complete(c, ended(q.onError)) }
		}
		return m
	})
}

// broadcast is one request to several actors on behalf of a job.
type broadcast[M, T any] struct {
	to      []*otp.Ref[M]
	timeout time.Duration // zero is none
	request func(otp.From[T]) M
	// then continues with all answers, in the order of arrival.
	then func(c *consumerContext, answers []T)
}

// askAll sends the requests. Once all are answered, the first error completes the job.
func askAll[M, T any](c *consumerContext, j *job, q broadcast[M, T]) {
	answers := make([]T, 0, len(q.to))
	missing := len(q.to)
	var first error
	for _, to := range q.to {
		otp.Ask(c, to, q.timeout, q.request, func(answer T, err error) consumerMessage {
			return answered{j: j, then: func(c *consumerContext) {
				missing--
				switch {
				case err == nil:
					answers = append(answers, answer)
				case first == nil:
					first = err
				}
				switch {
				case missing > 0:
				case first != nil:
					j.complete(c, failed(first))
				default:
					q.then(c, answers)
				}
			}}
		})
	}
}

// resume returns a callback, for any goroutine, that continues a job. An error completes the job.
func resume[T any](c *consumerContext, j *job, then func(c *consumerContext, v T)) func(T, error) {
	return otp.Completion(c, func(v T, err error) consumerMessage {
		return answered{j: j, err: err, then: func(c *consumerContext) { then(c, v) }}
	})
}

// onAnswered continues a job that is still open.
func (f *consumer) onAnswered(c *consumerContext, m answered) {
	switch {
	case !f.isOpen(m.j):
	case m.err != nil:
		m.j.complete(c, failed(m.err))
	default:
		m.then(c)
	}
}
