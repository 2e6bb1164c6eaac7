package amqpbridge

import (
	"errors"
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/actors/registration"
	"registrar/amqpbridge/wire"
)

// The outcomes after which a user is known, see [gate].
const outcomeAnswered = "answered"

// The same for reports, in the words of the registration's outcome.
var (
	outcomeRegistered = registration.Registered.String() //nolint:gochecknoglobals // a constant but for its type.
	outcomeRefreshed  = registration.Refreshed.String()  //nolint:gochecknoglobals // as above.
)

// backlog is how long after the prefetch was exhausted a delivery may still have waited in the queue.
const backlog = time.Second

func (f *Consumer) onDelivered(c *otp.Context[ConsumerMessage], m delivered) {
	if m.by != f.by {
		return // of a session or an incarnation that has ended: it comes again
	}
	if !f.mayConsume() {
		f.pause(c)
		return
	}
	j := &job{by: m.by, d: m.d, at: m.at, waited: m.d.Waited || m.at.Sub(f.full) < backlog}
	f.acks.add(m.d.Tag)
	f.taken++
	f.jobs[j] = struct{}{}
	if len(f.jobs) >= f.spec.Consumer.Prefetch {
		f.full = m.at
	}
	err := f.spec.Read(j)
	f.trace(c, j)
	if err != nil {
		f.onOutcome(c, outcome{j: j, err: err})
		return
	}
	if f.order.admit(j) {
		f.admit(c, j)
	}
}

// gate makes the gate that the spec describes.
func (s *ConsumerSpec) gate() *admissionQueue {
	if s.Service > 0 {
		return newAdmissionQueue(1, s.Waiting, s.Known)
	}
	return newAdmissionQueue(s.Window, s.Waiting, s.Known)
}

// admit begins the work on a delivery, or has it wait for its turn.
func (f *Consumer) admit(c *otp.Context[ConsumerMessage], j *job) {
	begin, shed := f.gate.enter(j)
	if shed != nil {
		f.finish(c, shed, "shed")
	}
	if begin {
		f.work(c, j)
	}
}

// again takes a delivery up once more: it waits for its turn like any other, but for one whose end is known and which only needs its place.
func (f *Consumer) again(c *otp.Context[ConsumerMessage], j *job) {
	if _, ours := f.jobs[j]; !ours {
		return
	}
	if j.aside != nil {
		f.putAside(c, j)
		return
	}
	f.admit(c, j)
}

// work begins the work on a delivery whose turn it is.
func (f *Consumer) work(c *otp.Context[ConsumerMessage], j *job) {
	switch late := f.spec.Policy.Budget; {
	case late > 0 && f.spec.Now().Sub(j.at) >= late:
		f.finish(c, j, "late")
	case f.spec.Service > 0:
		c.After(f.spec.Service, served{j: j})
	default:
		f.ask(c, j)
	}
}

func (f *Consumer) ask(c *otp.Context[ConsumerMessage], j *job) {
	if j.by != f.by {
		return
	}
	f.spec.Ask(c, j, func(o outcome) {
		o.j = j
		f.onOutcome(c, o)
	})
}

// release lets others work while a delivery waits for its next try, or has ended.
func (f *Consumer) release(c *otp.Context[ConsumerMessage], j *job) {
	f.gate.leave(j)
	if next := f.gate.next(); next != nil {
		f.work(c, next)
	}
}

// onOutcome settles a delivery or decides what to do about its error.
func (f *Consumer) onOutcome(c *otp.Context[ConsumerMessage], o outcome) {
	if _, ours := f.jobs[o.j]; !ours {
		return
	}
	switch {
	case o.err != nil:
		f.onFailed(c, o)
	case o.more != nil:
		o.more(c, o.j)
	default:
		name := o.then(c)
		if name == outcomeAnswered || name == outcomeRefreshed || name == outcomeRegistered {
			f.gate.recent.add(o.j.aor)
		}
		f.finish(c, o.j, name)
	}
}

// onFailed carries out what the policy says about an error.
func (f *Consumer) onFailed(c *otp.Context[ConsumerMessage], o outcome) {
	todo := f.spec.Policy.decide(o.err, o.j.tries, o.j.crashes, f.spec.Now().Sub(o.j.at))
	o.j.tries++
	if errors.Is(o.err, otp.ErrCrashed) {
		o.j.crashes++
	}
	if todo.do == tryAgain && domain.KindOf(o.err) == domain.Full && !f.mayWait(o.j) {
		todo = decision{do: parkFull, name: "no_room"}
	}
	switch todo.do {
	case tryAgain:
		c.Log().Debug().Err(o.err).Str("flow", f.spec.Name).Msg("trying again") // what went wrong is said where it did
		f.spec.Tally.Add(f.spec.Name, "tried_again")
		f.release(c, o.j)
		c.After(todo.after, again{j: o.j})
	case drop:
		f.finish(c, o.j, todo.name)
	case parkMalformed:
		if !f.spec.Garbage.admit(c.Log(), f.spec.Now(), f.spec.Name, todo.name, o) {
			f.finish(c, o.j, todo.name+"_dropped")
			return
		}
		o.j.aside = &aside{queue: f.spec.Malformed, name: todo.name, why: o.err}
		f.putAside(c, o.j)
	case parkFull:
		o.j.aside = &aside{queue: f.spec.Poison, name: todo.name, why: o.err}
		f.putAside(c, o.j)
	case parkPoison:
		c.Log().Error().Err(o.err).Str("flow", f.spec.Name).Int("tries", o.j.tries).Msg("a message is put aside as poison")
		o.j.aside = &aside{queue: f.spec.Poison, name: todo.name, why: o.err}
		f.putAside(c, o.j)
	}
}

func (f *Consumer) finish(c *otp.Context[ConsumerMessage], j *job, name string) {
	delete(f.jobs, j)
	f.spec.Tally.Add(f.spec.Name, name)
	f.acks.settle(j.d.Tag)
	f.flushSoon(c)
	for _, next := range f.order.done(j) {
		f.admit(c, next)
	}
	f.release(c, j)
	if j.msg != nil {
		f.spec.Tally.watch(f.spec.Name, name, wire.EnvelopeOf(j.msg).MsgID)
	}
}
