package rabbit_test

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"registrar/amqpbridge/link"
	"registrar/amqpbridge/link/rabbit"
	"registrar/amqpbridge/link/rabbit/brokertest"
)

// unique returns a new name: entities of an earlier round must not be reused.
func unique(name string) string { return name + "-" + strconv.FormatInt(time.Now().UnixNano(), 36) }

// timeLimit is the time limit for an expected event on a busy machine, including the broker's
// first frame.
const timeLimit = 20 * time.Second

func dial(t *testing.T, c rabbit.Config) link.Session {
	t.Helper()
	c.Log, c.DialTimeout = zerolog.Nop(), cmp.Or(c.DialTimeout, timeLimit)
	s, err := rabbit.New(c).Dial(t.Context(), t.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		_ = s.Close(ctx)
	})
	return s
}

func declare(t *testing.T, s link.Session, q ...link.Queue) {
	t.Helper()
	if err := s.Apply(t.Context(), link.Topology{Queues: q}); err != nil {
		t.Fatal(err)
	}
}

func publisher(t *testing.T, s link.Session) link.Publisher {
	t.Helper()
	p, err := s.Publisher(t.Context(), link.PublisherSpec{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func consume(t *testing.T, s link.Session, queue string, prefetch int) (link.Consumer, chan link.Delivery) {
	t.Helper()
	got := make(chan link.Delivery, 1<<16)
	c, err := s.Consume(t.Context(), link.ConsumerSpec{Queue: queue, Prefetch: prefetch}, func(d link.Delivery) { got <- d })
	if err != nil {
		t.Fatal(err)
	}
	return c, got
}

func wait[T any](t *testing.T, c <-chan T, limit time.Duration, what string) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(limit):
		t.Fatalf("waited %s in vain for %s", limit, what)
	}
	return v
}

func ended(t *testing.T, s link.Session, want ...error) {
	t.Helper()
	wait(t, s.Done(), timeLimit, "the end of the session")
	for _, w := range want {
		if errors.Is(s.Err(), w) {
			return
		}
	}
	t.Errorf("the session ended with %v, want %v", s.Err(), want)
}

func confirmed(t *testing.T, p link.Publisher, m link.Publishing) error {
	t.Helper()
	outcome := make(chan error, 1)
	p.PublishConfirmed(t.Context(), m, func(err error) { outcome <- err })
	return wait(t, outcome, time.Minute, "an outcome") // after a restart a quorum queue elects a leader first
}

func TestResetEndsTheSession(t *testing.T) {
	p, address := brokertest.NewProxy(t, brokertest.URL(t), nil)
	s := dial(t, rabbit.Config{URLs: []string{address}, Heartbeat: time.Minute}) // too long to notice the reset first
	declare(t, s, link.Queue{Name: "q", Exclusive: true})
	c, got := consume(t, s, "q", 1)
	if err := confirmed(t, publisher(t, s), link.Publishing{Key: "q"}); err != nil {
		t.Fatal(err)
	}
	d := wait(t, got, timeLimit, "a delivery")
	p.Reset()
	ended(t, s, link.ErrLost)
	wait(t, c.Done(), timeLimit, "the end of the consumer")
	if err := c.Ack(d.Tag, true); !errors.Is(err, link.ErrClosed) {
		t.Errorf("a late acknowledgement: %v", err)
	}
}

// Without any traffic the heartbeat detects the dead connection within three intervals.
func TestBlackHoleIsNoticed(t *testing.T) {
	t.Parallel()
	p, address := brokertest.NewProxy(t, brokertest.URL(t), nil)
	s := dial(t, rabbit.Config{URLs: []string{address}, Heartbeat: time.Second})
	declare(t, s, link.Queue{Name: "q", Exclusive: true})
	p.BlackHole()
	wait(t, s.Done(), 12*time.Second, "the heartbeat to notice") // the default interval would take 15 s
	ended(t, s, link.ErrLost)
}

// Calls of the library have no timeout; calls of the session end with their context or
// CallTimeout.
func TestCallsEndInABlackHole(t *testing.T) {
	t.Parallel()
	const short = 200 * time.Millisecond
	direct := brokertest.URL(t)
	for name, c := range map[string]struct {
		ctx, call time.Duration // the other limit and the heartbeat come too late
		do        func(context.Context, link.Session, link.Consumer) error
	}{
		"apply": {short, time.Minute, func(ctx context.Context, s link.Session, _ link.Consumer) error {
			return s.Apply(ctx, link.Topology{Queues: []link.Queue{{Name: unique("r"), Exclusive: true}}})
		}},
		"consume": {time.Minute, 2 * time.Second, func(ctx context.Context, s link.Session, _ link.Consumer) error {
			_, err := s.Consume(ctx, link.ConsumerSpec{Queue: "any", Prefetch: 1}, func(link.Delivery) {})
			return err
		}},
		"publisher": {short, time.Minute, func(ctx context.Context, s link.Session, _ link.Consumer) error {
			_, err := s.Publisher(ctx, link.PublisherSpec{})
			return err
		}},
		"cancel": {short, time.Minute, func(ctx context.Context, _ link.Session, k link.Consumer) error { return k.Cancel(ctx) }},
		"close":  {short, time.Minute, func(ctx context.Context, s link.Session, _ link.Consumer) error { return s.Close(ctx) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, address := brokertest.NewProxy(t, direct, nil)
			s := dial(t, rabbit.Config{URLs: []string{address}, Heartbeat: time.Minute, CallTimeout: c.call})
			queue := link.Queue{Name: unique("q"), Exclusive: true}
			declare(t, s, queue)
			k, _ := consume(t, s, queue.Name, 1)
			p.BlackHole()
			ctx, cancel := context.WithTimeout(t.Context(), c.ctx)
			defer cancel()
			began := time.Now()
			err := c.do(ctx, s, k)
			if took := time.Since(began); err == nil || took > timeLimit {
				t.Errorf("%v after %s", err, took)
			}
			ended(t, s, link.ErrTimeout, link.ErrClosed)
			wait(t, k.Done(), timeLimit, "the end of the consumer")
		})
	}
}

// A blocked write ends the session and returns, by WriteTimeout or by a missed heartbeat. In the
// second case the library waits for that write while it holds its locks.
func TestStuckWriteComesBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]rabbit.Config{
		"the write takes too long": {Heartbeat: time.Minute, WriteTimeout: time.Second},
		"the heartbeat is missed":  {Heartbeat: time.Second, WriteTimeout: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, address := brokertest.NewProxy(t, brokertest.URL(t), nil)
			c.URLs = []string{address}
			s := dial(t, c)
			pub := publisher(t, s)
			p.BlackHole()
			back := make(chan error, 1)
			go func() {
				body := make([]byte, 1<<20)
				for {
					if err := pub.Publish(context.WithoutCancel(t.Context()), link.Publishing{Key: "q", Body: body}); err != nil {
						back <- err
						return
					}
				}
			}()
			if err := wait(t, back, timeLimit, "the stuck write"); !errors.Is(err, link.ErrLost) && !errors.Is(err, link.ErrClosed) {
				t.Errorf("the stuck write came back with %v", err)
			}
			ended(t, s, link.ErrLost)
			if err := pub.Publish(t.Context(), link.Publishing{Key: "q"}); !errors.Is(err, link.ErrClosed) {
				t.Errorf("publishing then: %v", err)
			}
			if err := confirmed(t, pub, link.Publishing{Key: "q"}); !errors.Is(err, link.ErrClosed) {
				t.Errorf("publishing confirmed then: %v", err)
			}
		})
	}
}

// Messages that are published until confirmed and acknowledged after processing survive
// connection resets.
func TestResetsUnderLoadLoseNothing(t *testing.T) {
	t.Parallel()
	const messages, resets = 3000, 6
	direct := brokertest.URL(t)
	p, address := brokertest.NewProxy(t, direct, nil)
	queue := link.Queue{Name: unique("load"), Kind: link.Quorum, Expires: time.Minute}
	keeper := dial(t, rabbit.Config{URLs: []string{direct}})
	declare(t, keeper, queue)

	seen := make(chan int, 8*messages)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	consuming, publishing := make(chan struct{}), make(chan struct{})
	defer func() { cancel(); <-consuming; <-publishing }()
	dialer := rabbit.New(rabbit.Config{URLs: []string{address}, DialTimeout: timeLimit, Log: zerolog.Nop()})
	go func() {
		defer close(consuming)
		for ctx.Err() == nil {
			consumeSome(ctx, dialer, queue.Name, seen)
		}
	}()
	go func() {
		defer close(publishing)
		open := map[int]bool{}
		for i := range messages {
			open[i] = true
		}
		for ctx.Err() == nil && len(open) > 0 {
			publishSome(ctx, dialer, queue.Name, open)
		}
	}()
	have := map[int]bool{}
	for cut := 1; len(have) < messages; {
		have[wait(t, seen, time.Minute, "the next message")] = true
		if cut <= resets && len(have) >= cut*messages/(resets+1) {
			p.Reset()
			cut++
		}
	}
}

// consumeSome consumes during one session and acknowledges in batches.
func consumeSome(ctx context.Context, dialer link.Dialer, queue string, seen chan<- int) {
	s, err := dialer.Dial(ctx, "consuming")
	if err != nil {
		return
	}
	defer s.Close(context.WithoutCancel(ctx))
	ready := make(chan link.Consumer, 1)
	var c link.Consumer
	k, err := s.Consume(ctx, link.ConsumerSpec{Queue: queue, Prefetch: 100}, func(d link.Delivery) {
		if c == nil {
			c = <-ready
		}
		n, _ := strconv.Atoi(string(d.Body))
		seen <- n
		if d.Tag%20 == 0 {
			_ = c.Ack(d.Tag, true)
		}
	})
	if err != nil {
		return
	}
	ready <- k
	select {
	case <-s.Done():
	case <-ctx.Done():
	}
}

// publishSome publishes the open messages during one session and removes the confirmed ones.
func publishSome(ctx context.Context, dialer link.Dialer, queue string, open map[int]bool) {
	s, err := dialer.Dial(ctx, "publishing")
	if err != nil {
		return
	}
	defer s.Close(context.WithoutCancel(ctx))
	pub, err := s.Publisher(ctx, link.PublisherSpec{})
	if err != nil {
		return
	}
	type outcome struct {
		n   int
		err error
	}
	told := make(chan outcome, len(open))
	sent := len(open)
	for n := range open {
		m := link.Publishing{Key: queue, Mandatory: true, Persistent: true, Body: []byte(strconv.Itoa(n))}
		pub.PublishConfirmed(ctx, m, func(err error) { told <- outcome{n, err} })
	}
	for range sent {
		if o := <-told; o.err == nil {
			delete(open, o.n)
		}
	}
}
