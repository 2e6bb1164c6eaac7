package amqpbridge

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"registrar/actors/otp"
	"registrar/actors/otp/otptest"
	"registrar/amqpbridge/link"
)

// bench is a flow without a broker or actors: the test delivers, answers and looks at the flow on its own goroutine.
type bench struct {
	t    *testing.T
	ref  *otp.Ref[ConsumerMessage]
	flow *Consumer
	mute atomic.Bool        // nothing can be sent
	asks chan func(outcome) // the work that the flow has begun
}

// stub is a session with one consumer. Consume waits for ready, after it has called early.
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
	b := &bench{t: t, ref: otp.NewRef[ConsumerMessage](sys, "flow"), asks: make(chan func(outcome), 100)}
	spec := ConsumerSpec{
		Name: "flow", Consumer: link.ConsumerSpec{Queue: "queue", Prefetch: 10}, Window: 10, Self: b.ref, Status: NewStatus("flow"), Tally: &Tally{}, Now: time.Now,
		Connection: otp.NewRef[ConnectionMessage](sys, "nobody"), Garbage: newRejectLimiter(), Read: func(*job) error { return nil },
		Answerable: func() bool { return !b.mute.Load() },
		Ask:        func(_ *otp.Context[ConsumerMessage], _ *job, done func(outcome)) { b.asks <- done },
	}
	app, err := otp.Start(t.Context(), sys, "test", otp.SupSpec{Children: []otp.ChildSpec{child(b.ref, func() otp.Behaviour[ConsumerMessage] {
		b.flow = NewConsumer(spec)
		return b.flow
	})}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = app.Stop(context.Background()) })
	b.tell(sessionChanged{session: l})
	return b
}

func (b *bench) tell(m ConsumerMessage) {
	b.t.Helper()
	if err := b.ref.Tell(otp.External("test"), m); err != nil {
		b.t.Fatal(err)
	}
}

// on runs f on the flow's goroutine, behind what has been told.
func (b *bench) on(f func(*otp.Context[ConsumerMessage])) {
	done := make(chan struct{})
	b.tell(step{run: func(c *otp.Context[ConsumerMessage]) {
		defer close(done)
		f(c)
	}})
	<-done
}

// until waits for a state of the flow.
func (b *bench) until(what string, ok func(*Consumer) bool) {
	b.t.Helper()
	if !otptest.Eventually(func() (yes bool) {
		b.on(func(*otp.Context[ConsumerMessage]) { yes = ok(b.flow) })
		return yes
	}) {
		b.t.Fatalf("not %s in time", what)
	}
}

// drain begins a drain; its end is the channel's.
func (b *bench) drain() <-chan error {
	ended := make(chan error, 1)
	b.tell(Drain{From: otp.NewFrom(func(_ Drained, err error) { ended <- err })})
	return ended
}

// The connection is lost when the last delivery has been finished and not yet acknowledged: the drain ends all the same.
func TestDrainEndsWithoutItsConnection(t *testing.T) {
	l := newStub()
	close(l.ready)
	b := newBench(t, l)
	deliver := otptest.Receive(t, "consumer", l.deliver)
	deliver(link.Delivery{Tag: 1})
	done := otptest.Receive(t, "work", b.asks)
	drained := b.drain()
	b.until("cancelled", func(f *Consumer) bool { return f.stopped })
	b.on(func(*otp.Context[ConsumerMessage]) {
		b.tell(sessionChanged{}) // stands before the word to acknowledge
		done(settled("done"))
	})
	if err := otptest.Receive(t, "answer to the drain", drained); err != nil {
		t.Error(err)
	}
}

// Another session takes the place of the one that a flow was being drained in, without a word about the end of that: there is nothing left to finish.
func TestDrainEndsWithANewConnection(t *testing.T) {
	l := newStub()
	close(l.ready)
	b := newBench(t, l)
	otptest.Receive(t, "consumer", l.deliver)(link.Delivery{Tag: 1})
	otptest.Receive(t, "work", b.asks) // never done
	drained := b.drain()
	b.tell(sessionChanged{session: newStub(), by: 1})
	if err := otptest.Receive(t, "answer to the drain", drained); err != nil {
		t.Error(err)
	}
}

// Everything that the prefetch allows has been delivered and finished before the flow knows its consumer: it is acknowledged then, else nothing more would come.
func TestAcknowledgesWhatWasFinishedBeforeItsConsumer(t *testing.T) {
	l := newStub()
	l.early = func(deliver func(link.Delivery)) { deliver(link.Delivery{Tag: 1}) }
	b := newBench(t, l)
	done := otptest.Receive(t, "work", b.asks)
	b.on(func(*otp.Context[ConsumerMessage]) { done(settled("done")) })
	b.until("finished", func(f *Consumer) bool { return f.acks.settled == 1 && !f.flushing })
	close(l.ready)
	if tag := otptest.Receive(t, "acknowledgement", l.acks); tag != 1 {
		t.Errorf("acknowledged %d", tag)
	}
}

// Nothing can be sent any more when a subscription has just begun: it is given up when it is known, and another one is made when it is of use.
func TestPausesWhileItSubscribes(t *testing.T) {
	l, mine := newStub(), make(chan *bench, 1)
	l.early = func(deliver func(link.Delivery)) {
		b := <-mine
		mine <- b
		b.mute.Store(true)
		deliver(link.Delivery{Tag: 1})
	}
	b := newBench(t, l)
	mine <- b
	b.until("pausing", func(f *Consumer) bool { return f.port.session != nil && f.by == nil })
	close(l.ready)
	otptest.Receive(t, "end of the subscription", l.closed)
	if len(b.asks) > 0 {
		t.Error("it works on what it cannot answer")
	}
	l.early = nil
	b.mute.Store(false)
	otptest.Receive(t, "consumer", l.deliver)
	otptest.Receive(t, "consumer", l.deliver)(link.Delivery{Tag: 1})
	otptest.Receive(t, "work", b.asks)
}

// A subscription that begins while the flow is being drained is cancelled as any other: not before what the broker has handed out has come.
func TestDrainWhileItSubscribes(t *testing.T) {
	l := newStub()
	b := newBench(t, l)
	drained := b.drain()
	b.until("draining", func(f *Consumer) bool { return f.draining })
	var held bool
	b.on(func(c *otp.Context[ConsumerMessage]) {
		b.flow.onConsuming(c, consuming{by: b.flow.by, consumer: &stubConsumer{l: l}})
		held = b.flow.holding && len(l.cancelled) == 0
	})
	if !held {
		t.Error("it has not waited for the prefetch to fill up")
	}
	otptest.Receive(t, "cancellation", l.cancelled)
	if err := otptest.Receive(t, "answer to the drain", drained); err != nil {
		t.Error(err)
	}
}

// Messages that come one by one, all the time, neither fill the prefetch nor leave the queue quiet: a drain ends all the same.
func TestDrainEndsUnderSteadyLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newStub()
		close(l.ready)
		b := newBench(t, l)
		deliver := otptest.Receive(t, "consumer", l.deliver)
		b.on(func(*otp.Context[ConsumerMessage]) { b.flow.spec.Consumer.Prefetch = 1000 })
		began, drained := time.Now(), b.drain()
		tick := time.NewTicker(fillQuiet / 2)
		defer tick.Stop()
		for tag := uint64(1); len(l.cancelled) == 0; tag++ {
			<-tick.C
			deliver(link.Delivery{Tag: tag})
			done := otptest.Receive(t, "work", b.asks)
			b.on(func(*otp.Context[ConsumerMessage]) {
				done(outcome{then: func(*otp.Context[ConsumerMessage]) string { return "answered" }})
			})
			if time.Since(began) > 2*fillLooks*fillQuiet {
				t.Fatal("it waits for ever")
			}
		}
		if err := otptest.Receive(t, "answer to the drain", drained); err != nil {
			t.Error(err)
		}
	})
}
