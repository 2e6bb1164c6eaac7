package memory_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/memory"
)

// peer is a session with a publisher. log holds its events in order.
type peer struct {
	t   *testing.T
	s   link.Session
	pub link.Publisher
	log []string
	got []link.Delivery
}

func dial(t *testing.T, b *memory.Broker, name string) *peer {
	t.Helper()
	s, err := b.Dial(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{t: t, s: s}
	p.pub, err = s.Publisher(t.Context(), link.PublisherSpec{OnReturn: func(m link.Publishing) { p.log = append(p.log, "returned "+string(m.Body)) }})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *peer) declare(q ...link.Queue) {
	p.t.Helper()
	if err := p.s.Apply(p.t.Context(), link.Topology{Queues: q}); err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) consume(queue string, prefetch int) link.Consumer {
	p.t.Helper()
	c, err := p.s.Consume(p.t.Context(), link.ConsumerSpec{Queue: queue, Prefetch: prefetch}, func(d link.Delivery) {
		p.got = append(p.got, d)
		p.log = append(p.log, "got "+string(d.Body))
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

func (p *peer) put(queue string, bodies ...string) {
	p.t.Helper()
	for _, body := range bodies {
		m := link.Publishing{Key: queue, Mandatory: true, Persistent: true, Body: []byte(body)}
		if err := p.pub.Publish(p.t.Context(), m); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *peer) confirmed(queue, body string) {
	m := link.Publishing{Key: queue, Mandatory: true, Body: []byte(body)}
	p.pub.PublishConfirmed(p.t.Context(), m, func(err error) {
		if err == nil {
			p.log = append(p.log, "confirmed "+body)
			return
		}
		p.log = append(p.log, "failed "+body+" "+kind(err))
	})
}

func kind(err error) string {
	for name, k := range map[string]error{"lost": link.ErrLost, "returned": link.ErrReturned, "blocked": link.ErrBlocked, "closed": link.ErrClosed} {
		if errors.Is(err, k) {
			return name
		}
	}
	return err.Error()
}

func (p *peer) wants(log ...string) {
	p.t.Helper()
	if diff := cmp.Diff(log, p.log); diff != "" {
		p.t.Errorf("what came (-want +got):\n%s", diff)
	}
	p.log = nil
}

// All effects of a call have happened when it returns, without another goroutine.
func TestEffectsComeBeforeTheCallReturns(t *testing.T) {
	b := memory.New()
	p := dial(t, b, "one")
	p.declare(link.Queue{Name: "q", DeadLetterKey: "dead"}, link.Queue{Name: "dead"})
	c := p.consume("q", 2)
	p.put("q", "1", "2", "3")
	p.wants("got 1", "got 2")
	if ready, unacked := b.Depth("q"); ready != 1 || unacked != 2 {
		t.Errorf("%d are ready and %d unacknowledged", ready, unacked)
	}
	_ = c.Nack(1, false)
	p.wants("got 3")
	p.consume("dead", 1)
	p.wants("got 1")
	p.confirmed("q", "4")
	p.wants("confirmed 4")
	p.confirmed("nobody", "5")
	p.put("nobody", "6")
	p.wants("failed 5 returned", "returned 6")
	if err := c.Cancel(t.Context()); err != nil {
		t.Fatal(err)
	}
	_ = c.Ack(3, true)
	p.wants()
}

func TestConsumersTakeTurns(t *testing.T) {
	b := memory.New()
	p := dial(t, b, "one")
	p.declare(link.Queue{Name: "q"})
	one, two := dial(t, b, "one"), dial(t, b, "two")
	one.consume("q", 3)
	two.consume("q", 2)
	p.put("q", "1", "2", "3", "4", "5", "6")
	one.wants("got 1", "got 3", "got 5")
	two.wants("got 2", "got 4")
}

func TestCutGivesEverythingBackInItsPlace(t *testing.T) {
	b := memory.New()
	keeper, one, two := dial(t, b, "keeper"), dial(t, b, "one"), dial(t, b, "two")
	keeper.declare(link.Queue{Name: "q"})
	c := one.consume("q", 3)
	two.consume("q", 2)
	keeper.put("q", "1", "2", "3", "4", "5", "6")
	_ = c.Ack(2, false) // message 3; 6 follows
	if n := b.Cut("one", "two"); n != 2 {
		t.Errorf("%d sessions were cut", n)
	}
	if !errors.Is(one.s.Err(), link.ErrLost) || keeper.s.Err() != nil {
		t.Errorf("the sessions ended with %v and %v", one.s.Err(), keeper.s.Err())
	}
	if err := c.Ack(1, true); !errors.Is(err, link.ErrClosed) {
		t.Errorf("a late acknowledgement: %v", err)
	}
	keeper.consume("q", 10)
	keeper.wants("got 1", "got 2", "got 4", "got 5", "got 6")
	for _, d := range keeper.got {
		if !d.Redelivered {
			t.Errorf("%s is not marked as redelivered", d.Body)
		}
	}
	if diff := cmp.Diff([]string{"keeper"}, b.Sessions()); diff != "" {
		t.Error(diff)
	}
	if n := b.Cut(); n != 1 {
		t.Errorf("%d sessions were left to cut", n)
	}
}

// A restart removes non-durable data, in particular bindings to non-durable exchanges.
func TestStopForgetsWhatIsNotDurable(t *testing.T) {
	b := memory.New()
	p := dial(t, b, "one")
	topology := link.Topology{
		Exchanges: []link.Exchange{{Name: "passing", Kind: "topic"}, {Name: "lasting", Kind: "topic", Durable: true}},
		Queues:    []link.Queue{{Name: "d", Durable: true}, {Name: "t"}, {Name: "x", Durable: true, Exclusive: true}},
		Bindings:  []link.Binding{{Queue: "d", Exchange: "passing", Key: "#"}, {Queue: "d", Exchange: "lasting", Key: "#"}},
	}
	if err := p.s.Apply(t.Context(), topology); err != nil {
		t.Fatal(err)
	}
	p.put("d", "kept")
	p.confirmed("d", "not persistent")
	p.put("t", "gone with its queue")
	b.Stop()
	if !errors.Is(p.s.Err(), link.ErrForced) {
		t.Errorf("the session ended with %v", p.s.Err())
	}
	if _, err := b.Dial(t.Context(), "late"); !errors.Is(err, link.ErrRefused) {
		t.Errorf("dialing a stopped broker: %v", err)
	}
	b.Start()
	p = dial(t, b, "again")
	p.put("t", "no queue")
	p.put("x", "no queue")
	if err := p.pub.Publish(t.Context(), link.Publishing{Exchange: "lasting", Key: "k", Body: []byte("through lasting")}); err != nil {
		t.Fatal(err)
	}
	p.consume("d", 10)
	p.wants("returned no queue", "returned no queue", "got kept", "got through lasting")
	_ = p.pub.Publish(t.Context(), link.Publishing{Exchange: "passing", Key: "k"})
	if !errors.Is(p.s.Err(), link.ErrNotFound) {
		t.Errorf("publishing to an exchange that was forgotten ended the session with %v", p.s.Err())
	}
}

func TestRefuse(t *testing.T) {
	b := memory.New()
	p := dial(t, b, "one")
	b.Refuse(link.ErrCredentials)
	if _, err := b.Dial(t.Context(), "two"); !errors.Is(err, link.ErrCredentials) {
		t.Errorf("dial: %v", err)
	}
	if p.s.Err() != nil {
		t.Error("an open session should go on")
	}
	b.Refuse(nil)
	dial(t, b, "two")
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := b.Dial(ctx, "three"); !errors.Is(err, context.Canceled) {
		t.Errorf("dial: %v", err)
	}
}

func TestBlock(t *testing.T) {
	b := memory.New()
	p := dial(t, b, "one")
	p.declare(link.Queue{Name: "q"})
	p.consume("q", 1)
	b.Block(true)
	if !p.s.Blocked() {
		t.Error("the alarm does not show")
	}
	if err := p.pub.Publish(t.Context(), link.Publishing{Key: "q"}); !errors.Is(err, link.ErrBlocked) {
		t.Errorf("publish: %v", err)
	}
	p.confirmed("q", "1")
	b.Block(false)
	p.put("q", "2")
	p.wants("failed 1 blocked", "got 2")
}

func TestHeldConfirmsAreToldInOrderOrWithTheEnd(t *testing.T) {
	b := memory.New()
	p, other := dial(t, b, "one"), dial(t, b, "two")
	p.declare(link.Queue{Name: "q"})
	b.HoldConfirms(true)
	p.confirmed("q", "1")
	p.confirmed("nobody", "2")
	other.confirmed("q", "3")
	p.wants()
	b.Cut("two")
	other.wants("failed 3 lost")
	b.HoldConfirms(false)
	p.confirmed("q", "4")
	p.wants("confirmed 1", "failed 2 returned", "confirmed 4")
	b.Cut()
	p.wants()
	other.wants()
}

func TestTheWindowIsABound(t *testing.T) {
	b := memory.New()
	p := dial(t, b, "one")
	p.declare(link.Queue{Name: "q"})
	b.HoldConfirms(true)
	for range link.Window {
		p.pub.PublishConfirmed(t.Context(), link.Publishing{Key: "q"}, func(error) {})
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var refused error
	p.pub.PublishConfirmed(ctx, link.Publishing{Key: "q"}, func(err error) { refused = err })
	if !errors.Is(refused, context.Canceled) {
		t.Errorf("one more than the window: %v", refused)
	}
	if ready, _ := b.Depth("q"); ready != link.Window {
		t.Errorf("%d messages were sent", ready)
	}
	b.HoldConfirms(false)
	p.confirmed("q", "room again")
	p.wants("confirmed room again")
}

func TestTermsAreExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.New()
		p := dial(t, b, "one")
		p.declare(link.Queue{Name: "q", TTL: time.Second, DeadLetterKey: "dead"}, link.Queue{Name: "dead"}, link.Queue{Name: "x", Expires: time.Minute})
		p.put("q", "1")
		time.Sleep(500 * time.Millisecond)
		p.put("q", "2")
		time.Sleep(499 * time.Millisecond)
		synctest.Wait()
		if ready, _ := b.Depth("q"); ready != 2 {
			t.Errorf("%d messages are left a millisecond before the first term", ready)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if ready, _ := b.Depth("dead"); ready != 1 {
			t.Errorf("%d messages are dead at the first term", ready)
		}
		time.Sleep(500 * time.Millisecond)
		p.consume("q", 1)
		p.consume("dead", 2)
		p.wants("got 1", "got 2")

		time.Sleep(58 * time.Second)
		p.declare(link.Queue{Name: "x", Expires: time.Minute}) // counts as use
		time.Sleep(59 * time.Second)
		p.put("x", "there")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		p.put("x", "no longer")
		p.wants("returned no longer")
		b.Cut()
	})
}

// Queues that dead-letter to each other do not keep a message forever.
func TestADeadLetterDoesNotGoRoundAndRound(t *testing.T) {
	b := memory.New()
	p := dial(t, b, "one")
	p.declare(link.Queue{Name: "a", MaxLength: 1, DeadLetterKey: "b"}, link.Queue{Name: "b", MaxLength: 1, DeadLetterKey: "a"})
	p.put("a", "1", "2", "3", "4")
	for _, q := range []string{"a", "b"} {
		if ready, _ := b.Depth(q); ready != 1 {
			t.Errorf("%d messages wait in %s", ready, q)
		}
	}
	c := p.consume("a", 1)
	d := p.consume("b", 1)
	p.wants("got 4", "got 3")
	for i := range uint64(3) { // rejected messages may cycle, as in RabbitMQ
		_ = c.Nack(i+1, false)
		_ = d.Nack(i+1, false)
	}
	if p.s.Err() != nil {
		t.Errorf("the session ended with %v", p.s.Err())
	}
}

// A panic in a callback propagates to the caller, and the broker stays usable.
func TestAPanicLeavesTheBrokerInOrder(t *testing.T) {
	b := memory.New()
	p := dial(t, b, "one")
	p.declare(link.Queue{Name: "q"}, link.Queue{Name: "r"})
	_, err := p.s.Consume(t.Context(), link.ConsumerSpec{Queue: "q", Prefetch: 1}, func(link.Delivery) { panic("mine") })
	if err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was lost")
			}
		}()
		p.put("q", "1")
	}()
	p.consume("r", 1)
	p.put("r", "2")
	p.wants("got 2")
}
