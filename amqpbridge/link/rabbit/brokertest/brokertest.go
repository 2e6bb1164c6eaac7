// Package brokertest finds a real RabbitMQ for tests: REGISTRAR_TEST_AMQP_URL, else a private node of an installed rabbitmq-server, one to a
// test process. Without either the test is skipped with one line, but in CI (CI=true) it fails.
package brokertest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"registrar/amqpbridge/link/rabbit/node"
)

// Env names the variable that holds the URL of a broker to use.
const Env = "REGISTRAR_TEST_AMQP_URL"

type shared struct {
	once sync.Once
	node *node.Node
	dir  string
	url  string
	err  error
}

// the is the broker of this test process.
var the shared //nolint:gochecknoglobals // a node takes seconds to start: one to a process.

// Main runs the tests of a package and stops the private node after them. Use it as TestMain.
func Main(m *testing.M) int {
	code := m.Run()
	if the.node != nil {
		the.node.Stop()
		_ = os.RemoveAll(the.dir) // a temporary directory
	}
	return code
}

// URL returns the address of a real broker.
func URL(tb testing.TB) string {
	tb.Helper()
	the.once.Do(start)
	if the.err != nil {
		Missing(tb, the.err.Error())
	}
	return the.url
}

// Clean returns the address of a real broker whose queues of these names are gone: tests in one process share the broker.
func Clean(tb testing.TB, queues ...string) string {
	tb.Helper()
	url := URL(tb)
	conn, err := amqp.Dial(url)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for _, q := range queues {
		ch, err := conn.Channel()
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := ch.QueueDelete(q, false, false, false); err != nil {
			tb.Fatal(err)
		}
		_ = ch.Close()
	}
	return url
}

// Missing skips the test with one line, or fails it in CI.
func Missing(tb testing.TB, what string) {
	tb.Helper()
	if os.Getenv("CI") == "true" {
		tb.Fatalf("CI has to have it: %s", what)
	}
	tb.Skip(what)
}

func start() {
	if the.url = os.Getenv(Env); the.url != "" {
		return
	}
	if _, err := node.Server(); err != nil {
		the.err = fmt.Errorf("no broker: set %s or install rabbitmq-server", Env)
		return
	}
	the.dir, the.err = os.MkdirTemp("", "registrar-broker-")
	if the.err != nil {
		return
	}
	the.node, the.err = node.Start(context.Background(), the.dir)
	if the.err == nil {
		the.url = the.node.URL()
	}
}

// Host returns host and port of a URL, for peers that want them apart.
func Host(url string) string {
	_, host, _ := strings.Cut(url, "@")
	return host
}
