package fault_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"registrar/actors/fault"
)

// An error is returned before a commit and before a publish, and is a panic elsewhere.
func TestInject(t *testing.T) {
	hit := func(at fault.Point, kind fault.Kind) (err error, ended any) { //nolint:staticcheck // the error precedes the end of the goroutine.
		s := &fault.Set{}
		arm(t, s, fault.Rule{Point: at, Kind: kind})
		done := make(chan struct{})
		go func() {
			defer close(done)
			returned := false
			defer func() {
				if ended = recover(); ended == nil && !returned {
					ended = "Goexit"
				}
			}()
			err = s.Hit(at, "a", "")
			returned = true
		}()
		<-done
		return err, ended
	}
	for _, at := range []fault.Point{fault.BeforeHandle, fault.AfterDecide, fault.BeforeCommit, fault.AfterCommit, fault.BeforeAck, fault.BeforePublish} {
		err, ended := hit(at, fault.Error)
		if at == fault.BeforeCommit || at == fault.BeforePublish {
			if !errors.Is(err, fault.ErrInjected) || errors.Is(err, fault.ErrTorn) || ended != nil {
				t.Errorf("error at %s: %v, %v", at, err, ended)
			}
		} else if p, ok := ended.(error); !ok || !errors.Is(p, fault.ErrInjected) || !strings.Contains(p.Error(), "injected fault: error at "+string(at)+" in a") {
			t.Errorf("error at %s: %v, %v", at, err, ended)
		}
		if _, ended := hit(at, fault.Goexit); ended != "Goexit" {
			t.Errorf("goexit at %s: %v", at, ended)
		}
		_, ended = hit(at, fault.Panic)
		if p, ok := ended.(error); !ok || !errors.Is(p, fault.ErrInjected) {
			t.Errorf("panic at %s: %v", at, ended)
		}
	}
	if err, ended := hit(fault.BeforeCommit, fault.Torn); !errors.Is(err, fault.ErrTorn) || !errors.Is(err, fault.ErrInjected) || ended != nil {
		t.Errorf("torn: %v, %v", err, ended)
	}
}

// A delay has its duration; a hang lasts until its rule is disarmed.
func TestDelayAndHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fault.Set{}
		for want, given := range map[time.Duration]time.Duration{time.Minute: time.Minute, 100 * time.Millisecond: 0} {
			began := time.Now()
			arm(t, s, fault.Rule{Point: fault.InStop, Kind: fault.Delay, For: given})
			if err := s.Hit(fault.InStop, "a", ""); err != nil || time.Since(began) != want {
				t.Errorf("%v, %v", time.Since(began), err)
			}
		}
		over := make(chan error, 2)
		hang := func() (id uint64) {
			id = arm(t, s, fault.Rule{Point: fault.BeforeInit, Kind: fault.Hang})
			go func() { over <- s.Hit(fault.BeforeInit, "a", "") }()
			synctest.Wait()
			return id
		}
		first := hang()
		second := hang()
		time.Sleep(time.Hour)
		if len(over) != 0 {
			t.Fatal("a hang ended before its rule was disarmed")
		}
		s.Disarm(first)
		if err := <-over; err != nil {
			t.Error(err)
		}
		if synctest.Wait(); len(over) != 0 {
			t.Error("another hang ended with it")
		}
		s.Disarm(second)
		<-over
	})
}

// A delay at before-handle with Times math.MaxInt delays every message of a process. Disarming it
// ends the delay that is under way.
func TestDelayEveryMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fault.Set{}
		id := arm(t, s, fault.Rule{
			Point: fault.BeforeHandle, Kind: fault.Delay, For: time.Second, Process: "bridge/authn", Times: math.MaxInt,
		})
		began := time.Now()
		for range 100 {
			if err := s.Hit(fault.BeforeHandle, "bridge/authn", "amqpbridge.delivered"); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Hit(fault.BeforeHandle, "bridge/queries", "amqpbridge.delivered"); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 100*time.Second {
			t.Errorf("100 messages took %v", took)
		}
		time.AfterFunc(time.Second/2, func() { s.Disarm(id) })
		began = time.Now()
		_ = s.Hit(fault.BeforeHandle, "bridge/authn", "")
		if took := time.Since(began); took != time.Second/2 {
			t.Errorf("the disarmed delay took %v", took)
		}
	})
}

// Only requests, whose sender waits for a reply, are dropped or duplicated.
func TestTransit(t *testing.T) {
	s := &fault.Set{}
	arm(t, s, fault.Rule{Point: fault.InTransit, Kind: fault.Drop})
	arm(t, s, fault.Rule{Point: fault.InTransit, Kind: fault.Delay, For: time.Second})
	arm(t, s, fault.Rule{Point: fault.InTransit, Kind: fault.Duplicate, Process: "b"})
	for _, c := range []struct {
		process string
		asks    bool
		want    fault.Kind
	}{{"a", false, fault.Delay}, {"a", false, ""}, {"b", false, ""}, {"a", true, fault.Drop}, {"a", true, ""}, {"b", true, fault.Duplicate}} {
		if got := s.Transit(c.process, "x", c.asks); got.Kind != c.want {
			t.Errorf("message to %s, asks %v: %q, want %q", c.process, c.asks, got.Kind, c.want)
		}
	}
}
