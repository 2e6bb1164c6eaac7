package otp_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"registrar/actors/otp"
)

func TestSuspendStepResume(t *testing.T) {
	p := startTree(t, lenient, []string{"a", "b"})
	if err := p.app.Step("a"); !errors.Is(err, otp.ErrNotSuspended) {
		t.Errorf("Step of a running process: %v", err)
	}
	if err := p.app.Suspend("a"); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		p.tell("a", note{fmt.Sprint("a", i)})
	}
	p.tell("b", note{"b"})
	p.j.await("b", 1)
	if slices.Contains(p.j.all(), "a0") {
		t.Error("a suspended process handled a message")
	}
	if info, err := p.app.Inspect(t.Context(), "a"); err != nil || info.State != "suspended" || info.Queue != 3 || info.BehaviourState != "state of a" {
		t.Errorf("Inspect of a suspended process: %+v, %v", info, err)
	}
	if err := p.app.Step("a"); err != nil {
		t.Fatal(err)
	}
	p.j.await("a0", 1)
	if info, _ := p.app.Inspect(t.Context(), "a"); info.Queue != 2 {
		t.Errorf("after a step %d messages wait", info.Queue)
	}
	if err := p.app.Resume("a"); err != nil {
		t.Fatal(err)
	}
	p.j.await("a2", 1)

	// A suspended supervisor restarts no child until it is resumed or stepped.
	if err := p.app.Suspend("top"); err != nil {
		t.Fatal(err)
	}
	p.tell("a", boom{})
	p.j.await("end a crash", 1)
	p.tell("b", note{"b again"})
	p.j.await("b again", 1)
	if n := count(p.j.all(), "init a"); n != 1 {
		t.Errorf("a was started %d times", n)
	}
	if err := p.app.Step("top"); err != nil {
		t.Fatal(err)
	}
	p.j.await("init a", 2)
	if err := p.app.Resume("top"); err != nil {
		t.Fatal(err)
	}
	p.awaitEcho("a")
}

func count(lines []string, line string) (n int) {
	for _, l := range lines {
		if l == line {
			n++
		}
	}
	return n
}
