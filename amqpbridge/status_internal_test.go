package amqpbridge

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"registrar/actors/domain"
)

// A component that is reported down several times has failed once. It has a reason until it is
// up.
func TestStatus(t *testing.T) {
	s := newStatus("publisher", "consuming")
	s.add(canaryName, "")
	s.down("consuming", 2, errors.New("refused"))
	s.up("consuming", 2)
	for range 2 {
		s.down("consuming", 2, errors.New("reset"))
		s.down("consuming", 2, nil)
		s.down(canaryName, 2, errSilent)
	}
	s.up("publisher", 2)
	s.down("nobody", 2, errSilent)
	s.up("consuming", 1) // an abandoned incarnation is ignored
	s.down("publisher", 1, errSilent)
	want := []domain.Component{
		{Name: "canary", Process: "bridge/canary", Reason: "canary: canary requests are not answered", Failures: 1},
		{Name: "consuming", Process: "bridge/consuming", Reason: "consuming: down", Failures: 1},
		{Name: "publisher", Process: "bridge/publisher"},
	}
	if diff := cmp.Diff(want, s.all()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{want[0].Reason, want[1].Reason}, s.reasons()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
