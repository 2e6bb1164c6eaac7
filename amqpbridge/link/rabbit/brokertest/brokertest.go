package brokertest

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"registrar/actors/otp/otptest"
	"registrar/amqpbridge/link/rabbit/node"
)

// broker is the private node of a test process. TestMain can pass values to tests only through a
// package variable.
type broker struct {
	once sync.Once
	node *node.Node
	err  error

	mu    sync.Mutex
	made  int      // virtual hosts made so far
	spare []string // virtual hosts that no test uses yet
}

var private broker //nolint:gochecknoglobals // see broker

func (b *broker) start() (*node.Node, error) {
	b.once.Do(func() { b.node, b.err = node.Start(context.Background(), node.Options{Log: zerolog.Nop()}) })
	return b.node, b.err
}

// vhost returns the address of a new virtual host. A batch of them takes little longer than one.
// Each batch doubles their number, up to a limit, because a node with many restarts slowly.
func (b *broker) vhost(ctx context.Context, n *node.Node) (string, error) {
	const most = 8
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.spare) == 0 {
		var names []string
		for range min(max(1, b.made), most) {
			b.made++
			names = append(names, "test-"+strconv.Itoa(b.made))
		}
		var err error
		if b.spare, err = n.AddVhosts(ctx, names...); err != nil {
			return "", err
		}
	}
	url := b.spare[0]
	b.spare = b.spare[1:]
	return url, nil
}

// URL returns the address of a broker: REGISTRAR_TEST_AMQP_URL if it is set, else a new virtual
// host of the private node.
func URL(tb testing.TB) string {
	tb.Helper()
	if url, ok := os.LookupEnv("REGISTRAR_TEST_AMQP_URL"); ok && url != "" {
		return url
	}
	url, err := private.vhost(tb.Context(), Node(tb))
	if err != nil {
		tb.Fatal(err)
	}
	return url
}

// Node returns the private node of this test process, even if REGISTRAR_TEST_AMQP_URL is set. It is
// for tests that disturb a broker. A node that is down at the end of the test is started again.
func Node(tb testing.TB) *node.Node {
	tb.Helper()
	if !node.Available() {
		Missing(tb, "no RabbitMQ: install rabbitmq-server or set REGISTRAR_TEST_AMQP_URL")
	}
	n, err := private.start()
	if err != nil {
		tb.Fatalf("start a private RabbitMQ: %v", err)
	}
	tb.Cleanup(func() {
		if n.Pid() != 0 {
			return
		}
		if err := n.Restart(context.WithoutCancel(tb.Context())); err != nil {
			tb.Errorf("start the private RabbitMQ again: %v", err)
		}
	})
	return n
}

// Unbind removes a binding of a queue, as another client of the broker might.
func Unbind(tb testing.TB, url, queue, exchange, key string) {
	tb.Helper()
	do(tb, url, func(ch *amqp.Channel) error { return ch.QueueUnbind(queue, key, exchange, nil) })
}

// Exchange declares a durable exchange, as another client of the broker might.
func Exchange(tb testing.TB, url, name, kind string) {
	tb.Helper()
	do(tb, url, func(ch *amqp.Channel) error { return ch.ExchangeDeclare(name, kind, true, false, false, false, nil) })
}

func do(tb testing.TB, url string, f func(*amqp.Channel) error) {
	tb.Helper()
	conn, err := amqp.Dial(url)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // the work is done
	ch, err := conn.Channel()
	if err == nil {
		err = f(ch)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// DeleteQueue deletes a queue and its messages, as another client of the broker might.
func DeleteQueue(tb testing.TB, url, queue string) {
	tb.Helper()
	do(tb, url, func(ch *amqp.Channel) error {
		_, err := ch.QueueDelete(queue, false, false, false)
		return err //nolint:wrapcheck // only printed by the test
	})
}

// Missing skips the test with one line. With CI=true it fails the test instead.
func Missing(tb testing.TB, why string) {
	tb.Helper()
	if ci, _ := os.LookupEnv("CI"); ci == "true" {
		tb.Fatal(why)
	}
	tb.Skip(why)
}

// Main runs the tests of a package, stops the private node and fails on leaked goroutines. It does
// not return.
func Main(m *testing.M, options ...goleak.Option) {
	otptest.Main(runner{m}, options...)
}

type runner struct{ m *testing.M }

// Run runs the tests and stops the private node.
func (r runner) Run() int { return Run(r.m) }

// Run runs the tests, stops the private node and returns the exit code. It is for a TestMain that
// does more than [Main].
func Run(m *testing.M) int {
	code := m.Run()
	if private.node == nil {
		return code
	}
	if err := private.node.Stop(); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}
