package fault_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"registrar/actors/fault"
)

func arm(t *testing.T, s *fault.Set, r fault.Rule) uint64 {
	t.Helper()
	id, err := s.Arm(r)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestWhatCanHappenWhere(t *testing.T) {
	for _, at := range fault.Points() {
		for _, kind := range fault.Kinds(at) {
			if err := (&fault.Rule{Point: at, Kind: kind}).Check(); err != nil {
				t.Errorf("%s at %s: %v", kind, at, err)
			}
		}
		if torn := slices.Contains(fault.Kinds(at), fault.Torn); torn != (at == fault.BeforeCommit) {
			t.Errorf("torn at %s: %v", at, torn)
		}
	}
	good := fault.Rule{Point: fault.BeforeAck, Kind: fault.Panic}
	for want, change := range map[string]func(*fault.Rule){
		`"nowhere" is no point`:                               func(r *fault.Rule) { r.Point = "nowhere" },
		`"drop" is nothing that can happen at before-ack`:     func(r *fault.Rule) { r.Kind = fault.Drop },
		`"panic" is nothing that can happen at in-transit`:    func(r *fault.Rule) { r.Point = fault.InTransit },
		"skip -1, times 0, for 0s: none of them can":          func(r *fault.Rule) { r.Skip = -1 },
		"skip 0, times -1":                                    func(r *fault.Rule) { r.Times = -1 },
		"for -1s":                                             func(r *fault.Rule) { r.For = -time.Second },
		`the pattern of a process's name "[": syntax error`:   func(r *fault.Rule) { r.Process = "[" },
		`"" is nothing that can happen at before-ack: [panic`: func(r *fault.Rule) { r.Kind = "" },
	} {
		r, s := good, &fault.Set{}
		change(&r)
		if _, err := s.Arm(r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
		if s.Armed() || len(s.Rules()) > 0 {
			t.Errorf("%q: it is armed all the same", want)
		}
	}
}

func TestSetOfNobody(t *testing.T) {
	var s *fault.Set
	if _, err := s.Arm(fault.Rule{Point: fault.BeforeAck, Kind: fault.Panic}); !errors.Is(err, fault.ErrUnavailable) {
		t.Errorf("armed: %v", err)
	}
	if s.Armed() || s.Hit(fault.BeforeAck, "a", "") != nil || s.Transit("a", "", true).Kind != "" || s.Disarm(0) != 0 || s.Rules() != nil {
		t.Error("it has faults")
	}
}

// A rule says whom it hits and over which message; what it does not say is any.
func TestWhomARuleHits(t *testing.T) {
	for _, c := range []struct {
		process, message string
		hits             bool
	}{
		{"", "", true},
		{"user/100@acme.test", "", true},
		{"user/*", "", true},
		{"user/100@*", "Register", true},
		{"*", "", false}, // a star is of one part of the name
		{"*/*", "registration.Register", true},
		{"user/1", "", false},
		{"", "ister", false},
		{"", "other.Register", false},
	} {
		s := &fault.Set{}
		arm(t, s, fault.Rule{Point: fault.BeforeCommit, Kind: fault.Error, Process: c.process, Message: c.message})
		if err := s.Hit(fault.AfterCommit, "user/100@acme.test", "registration.Register"); err != nil {
			t.Errorf("%+v at another point: %v", c, err)
		}
		if err := s.Hit(fault.BeforeCommit, "user/100@acme.test", "registration.Register"); (err != nil) != c.hits {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestSkipAndTimes(t *testing.T) {
	s := &fault.Set{}
	hits := func() (which []int) {
		for i := range 6 {
			if s.Hit(fault.BeforePublish, "a", "") != nil {
				which = append(which, i)
			}
		}
		return which
	}
	arm(t, s, fault.Rule{Point: fault.BeforePublish, Kind: fault.Error, Skip: 2, Times: 3})
	if got := hits(); !slices.Equal(got, []int{2, 3, 4}) {
		t.Errorf("hit at %v", got)
	}
	if r := s.Rules(); len(r) != 1 || r[0].Hits != 3 || s.Armed() {
		t.Errorf("afterwards %+v, armed %v", r, s.Armed())
	}
	arm(t, s, fault.Rule{Point: fault.BeforePublish, Kind: fault.Error})
	if got := hits(); !slices.Equal(got, []int{0}) {
		t.Errorf("without a number it hit at %v", got)
	}
	id := arm(t, s, fault.Rule{Point: fault.BeforePublish, Kind: fault.Error, Times: 9})
	if n := s.Disarm(id); n != 1 || s.Armed() || len(s.Rules()) != 2 {
		t.Errorf("%d disarmed, armed %v, left %+v", n, s.Armed(), s.Rules())
	}
	if n := s.Disarm(0); n != 2 || len(s.Rules()) != 0 || s.Disarm(id) != 0 {
		t.Errorf("%d disarmed, left %+v", n, s.Rules())
	}
}

// An error is returned where the code can go on with one, and is a panic elsewhere.
func TestWhatHappens(t *testing.T) {
	hit := func(at fault.Point, kind fault.Kind) (err error, ended any) { //nolint:staticcheck // in the order of time.
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
				t.Errorf("an error at %s: %v, %v", at, err, ended)
			}
		} else if p, ok := ended.(error); !ok || !errors.Is(p, fault.ErrInjected) || !strings.Contains(p.Error(), "injected fault: error at "+string(at)+" in a") {
			t.Errorf("an error at %s: %v, %v", at, err, ended)
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
			t.Fatal("a hang has ended by itself")
		}
		s.Disarm(first)
		if err := <-over; err != nil {
			t.Error(err)
		}
		if synctest.Wait(); len(over) != 0 {
			t.Error("the other has ended, too")
		}
		s.Disarm(second)
		<-over
	})
}

// What happens to messages is not what happens to code, and only those that are answered are dropped or doubled.
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
			t.Errorf("to %s, asks %v: %q, want %q", c.process, c.asks, got.Kind, c.want)
		}
	}
}
