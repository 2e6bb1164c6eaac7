package amqpbridge

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A part fails once however often it is said, and has a reason until it is up.
func TestStatus(t *testing.T) {
	s := NewStatus("publisher", "consuming")
	s.add(Part{Name: pulsePart})
	s.down("consuming", errors.New("refused"))
	s.up("consuming")
	for range 2 {
		s.down("consuming", errors.New("reset"))
		s.down("consuming", nil)
		s.down(pulsePart, errSilent)
	}
	s.up("publisher")
	s.down("nobody", errSilent)
	want := []Part{
		{Name: "consuming", Why: "consuming: down", Failures: 1},
		{Name: "publisher"},
		{Name: "pulse", Why: "pulse: our own questions go without an answer", Failures: 1},
	}
	if diff := cmp.Diff(want, s.Parts()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{want[0].Why, want[2].Why}, s.Reasons()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
