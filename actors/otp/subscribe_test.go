package otp_test

import (
	"sync/atomic"
	"testing"

	"registrar/actors/otp"
)

// A blocked subscriber does not block processes, and a slow one receives the number of lost
// reports.
func TestSlowSubscriber(t *testing.T) {
	p := startTree(t, lenient, []string{"a"})
	blocked, until := make(chan struct{}, 1), make(chan struct{})
	var heard, lost atomic.Uint64
	done := make(chan struct{})
	cancel := p.sys.Subscribe(func(r otp.Report) {
		if heard.Add(1) == 1 {
			blocked <- struct{}{}
			<-until
		}
		if r.Kind == otp.ReportsLost {
			lost.Add(r.Lost)
			close(done)
		}
	}, otp.DeadLetter)
	if err := p.app.Suspend("a"); err != nil {
		t.Fatal(err)
	}
	const letters = 25_000
	for range letters {
		p.tell("a", note{"x"})
	}
	if err := p.app.TerminateChild(t.Context(), "top", "a"); err != nil {
		t.Fatal(err)
	}
	<-blocked
	if err := p.app.RestartChild(t.Context(), "top", "a"); err != nil {
		t.Error(err)
	}
	p.awaitEcho("a")
	close(until)
	<-done
	if got := heard.Load() - 1 + lost.Load(); got != letters || lost.Load() == 0 {
		t.Errorf("%d heard or lost, %d lost", got, lost.Load())
	}
	cancel()
}
