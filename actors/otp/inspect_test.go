package otp_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"registrar/actors/otp"
)

func (w *worker) State() any { return "state of " + w.name }

// Inspect works while a handler hangs, without the behaviour's state.
func TestInspect(t *testing.T) {
	p := startTree(t, lenient, []string{"a"})
	p.awaitEcho("a")
	info, err := p.app.Inspect(t.Context(), "a")
	if err != nil || info.BehaviourState != "state of a" || info.Busy || info.Memory <= 0 || info.Handled != 1 || info.Kind != "worker" || info.State != "up" {
		t.Errorf("got %+v, %v", info, err)
	}
	release := make(chan struct{})
	p.tell("a", block{release})
	p.j.await("blocked a", 1)
	p.tell("a", note{"one"})
	p.tell("a", note{"two"})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	info, err = p.app.Inspect(ctx, "a")
	if err != nil || !info.Busy || info.Queue != 2 || info.Oldest <= 0 || info.Handling != "otp_test.block" || info.HandlingFor <= 0 || info.BehaviourState != nil {
		t.Errorf("while it hangs: %+v, %v", info, err)
	}
	close(release)
	if _, err := p.app.Inspect(t.Context(), "nobody"); !errors.Is(err, otp.ErrNoProcess) {
		t.Errorf("unknown process: %v", err)
	}
	if info, err := p.app.Inspect(t.Context(), "top"); err != nil || info.Kind != "supervisor" || len(info.Children) != 1 {
		t.Errorf("the supervisor: %+v, %v", info, err)
	}
}
