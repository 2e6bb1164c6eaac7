package amqpbridge

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"registrar/actors/otp"
	"registrar/actors/otp/otptest"
	"registrar/amqpbridge/delivery"
	"registrar/amqpbridge/link"
)

// bench is a consumer without a broker and actors. The test delivers, completes jobs, and looks
// at the consumer on its own goroutine.
type bench struct {
	t            *testing.T
	ref          *otp.Ref[consumerMessage]
	consumer     *consumer
	unanswerable atomic.Bool
	jobs         chan *job // admitted ones
}

// benchConsumer runs functions of a test on the consumer's goroutine.
type benchConsumer struct{ *consumer }

type onConsumer struct{ run func(c *consumerContext) }

func (onConsumer) consumerMessage() {}

func (b benchConsumer) Handle(c *consumerContext, msg consumerMessage) {
	if m, ok := msg.(onConsumer); ok {
		m.run(c)
		return
	}
	b.consumer.Handle(c, msg)
}

func (*bench) decode(*job) error { return nil }

func (b *bench) handle(_ *consumerContext, j *job) { b.jobs <- j }

// stub is a session. Its Consume calls early and then waits for ready.
type stub struct {
	link.Session
	ready     chan struct{}
	early     func(deliver func(link.Delivery))
	deliver   chan func(link.Delivery)
	acks      chan uint64
	cancelled chan struct{}
	closed    chan struct{}
}

func newStub() *stub {
	return &stub{ready: make(chan struct{}), deliver: make(chan func(link.Delivery), 1), acks: make(chan uint64, 100), cancelled: make(chan struct{}, 10), closed: make(chan struct{}, 10)}
}

func (l *stub) Consume(ctx context.Context, _ link.ConsumerSpec, deliver func(link.Delivery)) (link.Consumer, error) {
	if l.early != nil {
		l.early(deliver)
	}
	select {
	case <-l.ready:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	l.deliver <- deliver
	return &stubConsumer{l: l}, nil
}

// stubIdle is how long no delivery must arrive.
const stubIdle = 300 * time.Millisecond

func (*stub) IdleAfter() time.Duration { return stubIdle }

type stubConsumer struct {
	link.Consumer
	l *stub
}

func (k *stubConsumer) Ack(tag uint64, _ bool) error {
	k.l.acks <- tag
	return nil
}

func (k *stubConsumer) Cancel(context.Context) error {
	k.l.cancelled <- struct{}{}
	return nil
}

func (k *stubConsumer) Close(context.Context) error {
	k.l.closed <- struct{}{}
	return nil
}

func newBench(t *testing.T, l *stub) *bench {
	t.Helper()
	sys := otp.NewSystem()
	b := &bench{t: t, ref: otp.NewRef[consumerMessage](sys, "consumer"), jobs: make(chan *job, 100)}
	spec := consumerSpec{
		Name: "consumer", Consumer: link.ConsumerSpec{Queue: "queue", Prefetch: 10}, Admission: delivery.AdmissionLimits{Running: 10},
		Self: b.ref, Status: newStatus("consumer"), Outcomes: &outcomeCounters{}, Now: time.Now, Handler: b,
		Connection: otp.NewRef[connectionMessage](sys, "connection"), Rejects: delivery.NewRejectLimiter(),
		Answerable: func() bool { return !b.unanswerable.Load() },
	}
	app, err := otp.Start(t.Context(), sys, "test", otp.SupSpec{Children: []otp.ChildSpec{child(b.ref, func() otp.Behaviour[consumerMessage] {
		b.consumer = newConsumer(spec)
		return benchConsumer{b.consumer}
	})}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = app.Stop(context.Background()) })
	b.tell(sessionChanged{session: l})
	return b
}

func (b *bench) tell(m consumerMessage) {
	b.t.Helper()
	if err := b.ref.Tell(otp.External("test"), m); err != nil {
		b.t.Fatal(err)
	}
}

// on runs f on the consumer's goroutine, after the messages that were sent.
func (b *bench) on(f func(*consumerContext)) {
	done := make(chan struct{})
	b.tell(onConsumer{run: func(c *consumerContext) {
		defer close(done)
		f(c)
	}})
	<-done
}

// complete completes a job.
func (b *bench) complete(j *job) {
	b.on(func(c *consumerContext) { j.complete(c, ended("done")) })
}

// until waits for a state of the consumer.
func (b *bench) until(what string, ok func(*consumer) bool) {
	b.t.Helper()
	if !otptest.Eventually(func() (yes bool) {
		b.on(func(*consumerContext) { yes = ok(b.consumer) })
		return yes
	}) {
		b.t.Fatalf("not %s in time", what)
	}
}

// untilPhase waits for a phase.
func (b *bench) untilPhase(p phase) {
	b.t.Helper()
	b.until(p.String(), func(f *consumer) bool { return f.state.phase == p })
}

// drain requests a drain. The channel gets its answer.
func (b *bench) drain() <-chan error {
	answer := make(chan error, 1)
	b.tell(drainConsumer{From: otp.NewFrom(func(_ consumerDrained, err error) { answer <- err })})
	return answer
}

// The connection is lost between the end of the last job and its acknowledgement: the drain ends.
func TestDrainEndsWithoutConnection(t *testing.T) {
	l := newStub()
	close(l.ready)
	b := newBench(t, l)
	otptest.Receive(t, "consumer", l.deliver)(link.Delivery{Tag: 1})
	j := otptest.Receive(t, "job", b.jobs)
	answer := b.drain()
	b.untilPhase(finishing)
	b.on(func(c *consumerContext) {
		b.tell(sessionChanged{}) // before the marker for acknowledgements
		j.complete(c, ended("done"))
	})
	if err := otptest.Receive(t, "answer to the drain", answer); err != nil {
		t.Error(err)
	}
}

// Another session replaces the one in which a drain began: nothing is left to finish.
func TestDrainEndsWithNewConnection(t *testing.T) {
	l := newStub()
	close(l.ready)
	b := newBench(t, l)
	otptest.Receive(t, "consumer", l.deliver)(link.Delivery{Tag: 1})
	otptest.Receive(t, "job", b.jobs) // never completed
	answer := b.drain()
	b.tell(sessionChanged{session: newStub(), by: 1})
	if err := otptest.Receive(t, "answer to the drain", answer); err != nil {
		t.Error(err)
	}
}

// Deliveries may fill the prefetch, and end, before basic.consume returns. They are acknowledged
// when it has, or nothing more would come.
func TestAcknowledgesJobsThatEndedWhileSubscribing(t *testing.T) {
	l := newStub()
	l.early = func(deliver func(link.Delivery)) { deliver(link.Delivery{Tag: 1}) }
	b := newBench(t, l)
	b.complete(otptest.Receive(t, "job", b.jobs))
	b.until("settled", func(f *consumer) bool { return f.acks.Settled() == 1 })
	close(l.ready)
	if tag := otptest.Receive(t, "acknowledgement", l.acks); tag != 1 {
		t.Errorf("delivery %d is acknowledged", tag)
	}
}

// Replies cannot be published any more while basic.consume is under way. The subscription is
// closed when it has begun, and another one is made when replies can be published.
func TestPausesWhileSubscribing(t *testing.T) {
	l, mine := newStub(), make(chan *bench, 1)
	l.early = func(deliver func(link.Delivery)) {
		b := <-mine
		mine <- b
		b.unanswerable.Store(true)
		deliver(link.Delivery{Tag: 1})
	}
	b := newBench(t, l)
	mine <- b
	b.untilPhase(paused)
	close(l.ready)
	otptest.Receive(t, "end of the subscription", l.closed)
	if len(b.jobs) > 0 {
		t.Error("it works on a request that it cannot answer")
	}
	l.early = nil
	b.unanswerable.Store(false)
	otptest.Receive(t, "consumer", l.deliver)
	otptest.Receive(t, "consumer", l.deliver)(link.Delivery{Tag: 1})
	otptest.Receive(t, "job", b.jobs)
}

// A subscription that begins during a drain waits for its prefetch before it is cancelled.
func TestDrainWhileSubscribing(t *testing.T) {
	l := newStub()
	b := newBench(t, l)
	answer := b.drain()
	b.untilPhase(drainSubscribing)
	b.on(func(c *consumerContext) {
		b.consumer.onSubscribed(c, subscribed{by: b.consumer.by, consumer: &stubConsumer{l: l}})
		if p := b.consumer.state.phase; p != drainPrefetch || len(l.cancelled) > 0 {
			t.Errorf("it is %v, %d times cancelled", p, len(l.cancelled))
		}
	})
	otptest.Receive(t, "cancellation", l.cancelled)
	if err := otptest.Receive(t, "answer to the drain", answer); err != nil {
		t.Error(err)
	}
}

// A slow and steady flow of messages neither fills the prefetch nor leaves the queue idle: a
// drain ends all the same.
func TestDrainEndsUnderSteadyLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newStub()
		close(l.ready)
		b := newBench(t, l)
		deliver := otptest.Receive(t, "consumer", l.deliver)
		b.on(func(*consumerContext) { b.consumer.spec.Consumer.Prefetch = 1000 })
		began, answer := time.Now(), b.drain()
		tick := time.NewTicker(stubIdle / 2)
		defer tick.Stop()
		for tag := uint64(1); len(l.cancelled) == 0; tag++ {
			<-tick.C
			deliver(link.Delivery{Tag: tag})
			b.complete(otptest.Receive(t, "job", b.jobs))
			if time.Since(began) > 2*maxDrainPolls*stubIdle {
				t.Fatal("the drain does not end")
			}
		}
		if err := otptest.Receive(t, "answer to the drain", answer); err != nil {
			t.Error(err)
		}
	})
}
