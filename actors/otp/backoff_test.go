package otp_test

import (
	"testing"
	"testing/synctest"
	"time"

	"registrar/actors/otp"
)

// Delays double up to Max and begin with Initial again after a time without a crash.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := lenient
		spec.Backoff = &otp.Backoff{Initial: time.Second, Max: 10 * time.Second}
		p := startTree(t, spec, []string{"a"})
		began := time.Now()
		for i, seconds := range []int{1, 2, 4, 8, 10, 10} {
			want := time.Duration(seconds) * time.Second
			p.tell("a", boom{})
			synctest.Wait()
			at := time.Now()
			if got := p.app.Tree().Children[0].State; got != "restarting" {
				t.Errorf("state %s", got)
			}
			p.j.await("init a", i+2)
			if got := time.Since(at); got != want {
				t.Errorf("restart %d after %v, want %v", i, got, want)
			}
			synctest.Wait()
		}
		time.Sleep(11 * time.Second)
		p.tell("a", boom{})
		synctest.Wait()
		at := time.Now()
		p.j.await("init a", 8)
		if got := time.Since(at); got != time.Second {
			t.Errorf("after Max without a crash the delay is %v", got)
		}
		p.tell("a", boom{})
		synctest.Wait()
		if err := p.app.Stop(t.Context()); err != nil { // a restart is pending
			t.Errorf("stop: %v, %v after the start", err, time.Since(began))
		}
	})
}

func TestBackoffJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := lenient
		spec.Backoff = &otp.Backoff{Initial: time.Hour, Max: time.Hour, Jitter: 0.5}
		p := startTree(t, spec, []string{"a"})
		delays := map[time.Duration]bool{}
		for i := range 20 {
			p.tell("a", boom{})
			at := time.Now()
			p.j.await("init a", i+2)
			d := time.Since(at)
			if d < 30*time.Minute || d > time.Hour {
				t.Errorf("a delay of %v", d)
			}
			delays[d] = true
			synctest.Wait()
		}
		if len(delays) < 10 {
			t.Errorf("only %d different delays", len(delays))
		}
	})
}
