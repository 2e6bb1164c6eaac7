package brokertest_test

import (
	"testing"

	"registrar/amqpbridge/link/rabbit/brokertest"
)

func TestMain(m *testing.M) { brokertest.Main(m) }

func TestAGivenBrokerIsTaken(t *testing.T) {
	const given = "amqp://given.test/"
	t.Setenv("REGISTRAR_TEST_AMQP_URL", given)
	if got := brokertest.URL(t); got != given {
		t.Errorf("the address is %s", got)
	}
}

// verdict notes what a test would have been told.
type verdict struct {
	testing.TB
	skipped, failed bool
}

func (v *verdict) Helper()      {}
func (v *verdict) Skip(...any)  { v.skipped = true }
func (v *verdict) Fatal(...any) { v.failed = true }

func TestWithoutABrokerSkipsButFailsInCI(t *testing.T) {
	for ci, want := range map[string]verdict{"": {skipped: true}, "false": {skipped: true}, "true": {failed: true}} {
		t.Setenv("CI", ci)
		got := verdict{TB: t}
		brokertest.Missing(&got, "no broker")
		if got.failed != want.failed || !want.failed && got.skipped != want.skipped {
			t.Errorf("CI=%q: skipped %v, failed %v", ci, got.skipped, got.failed)
		}
	}
}
