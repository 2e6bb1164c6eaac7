// Package brokertest gives tests a RabbitMQ.
//
//	func TestMain(m *testing.M) { brokertest.Main(m) } // stops the node, fails on leaked goroutines
//
//	func TestX(t *testing.T) {
//		url := brokertest.URL(t)  // a broker, with a virtual host of the test's own
//		n := brokertest.Node(t)   // the node itself, to kill it or to run rabbitmqctl
//	}
//
// The broker is the one at REGISTRAR_TEST_AMQP_URL, else a private node. The first test that
// needs the node starts it, once per test process, in about 5 s. Without a broker the test is
// skipped with one line; with CI=true it fails instead.
//
// On a private node each call of URL returns a new virtual host, so tests use the queues' real
// names and run in parallel. REGISTRAR_TEST_AMQP_URL is one virtual host for all tests: remaining
// queues disturb later tests, and packages must be tested one after another (go test -p 1).
package brokertest
