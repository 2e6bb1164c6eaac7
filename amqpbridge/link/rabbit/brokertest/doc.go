// Package brokertest gives tests a RabbitMQ.
//
//	func TestMain(m *testing.M) { brokertest.Main(m) }     // stops the node, fails on goroutines that are left
//
//	func TestX(t *testing.T) {
//		url := brokertest.URL(t)                           // a broker, with a virtual host of the test's own
//		n := brokertest.Node(t)                            // the node itself, to kill it, to run rabbitmqctl
//	}
//
// The broker is the one at REGISTRAR_TEST_AMQP_URL, else a private node, started once in a test process (about 5 s) by the first
// test that asks. With neither, the test is skipped with one line that says why; with CI=true it fails instead.
//
// On a private node every call of URL gives a fresh virtual host (they are made some at a time, which takes a second), so tests may use
// the queues' real names and run beside each other. At REGISTRAR_TEST_AMQP_URL there is one virtual host for all: tests that leave queues behind
// disturb later ones, and packages should be tested one after another (go test -p 1).
package brokertest
