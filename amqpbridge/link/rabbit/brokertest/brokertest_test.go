package brokertest_test

import (
	"testing"

	"registrar/amqpbridge/link/rabbit/brokertest"
)

func TestMain(m *testing.M) { brokertest.Main(m) }

func TestURLFromEnvironment(t *testing.T) {
	const given = "amqp://given.test/"
	t.Setenv("REGISTRAR_TEST_AMQP_URL", given)
	if got := brokertest.URL(t); got != given {
		t.Errorf("the address is %s", got)
	}
}

// recordingTB records whether a test was skipped or failed.
type recordingTB struct {
	testing.TB
	skipped, failed bool
}

func (r *recordingTB) Helper()      {}
func (r *recordingTB) Skip(...any)  { r.skipped = true }
func (r *recordingTB) Fatal(...any) { r.failed = true }

func TestMissingSkipsAndFailsInCI(t *testing.T) {
	for ci, want := range map[string]recordingTB{"": {skipped: true}, "false": {skipped: true}, "true": {failed: true}} {
		t.Setenv("CI", ci)
		got := recordingTB{TB: t}
		brokertest.Missing(&got, "no broker")
		if got.failed != want.failed || !want.failed && got.skipped != want.skipped {
			t.Errorf("CI=%q: skipped %v, failed %v", ci, got.skipped, got.failed)
		}
	}
}
