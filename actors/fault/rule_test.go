package fault_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
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

// Every kind of Kinds is valid at its point; an invalid rule is not armed.
func TestCheck(t *testing.T) {
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
		`unknown fault point "nowhere"; the points are`:  func(r *fault.Rule) { r.Point = "nowhere" },
		`fault "drop" is not possible at before-ack`:     func(r *fault.Rule) { r.Kind = fault.Drop },
		`fault "panic" is not possible at in-transit`:    func(r *fault.Rule) { r.Point = fault.InTransit },
		"skip -1, times 0, for 0s: must not be negative": func(r *fault.Rule) { r.Skip = -1 },
		"skip 0, times -1": func(r *fault.Rule) { r.Times = -1 },
		"for -1s":          func(r *fault.Rule) { r.For = -time.Second },
		`pattern of the process name "[": syntax error`:               func(r *fault.Rule) { r.Process = "[" },
		`fault "" is not possible at before-ack; possible are [panic`: func(r *fault.Rule) { r.Kind = "" },
	} {
		r, s := good, &fault.Set{}
		change(&r)
		if _, err := s.Arm(r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
		if s.Armed() || len(s.Rules()) > 0 {
			t.Errorf("%q: the rule is armed", want)
		}
	}
}

// A nil set accepts no fault and has none.
func TestNilSet(t *testing.T) {
	var s *fault.Set
	if _, err := s.Arm(fault.Rule{Point: fault.BeforeAck, Kind: fault.Panic}); !errors.Is(err, fault.ErrUnavailable) {
		t.Errorf("Arm: %v, want ErrUnavailable", err)
	}
	if s.Armed() || s.Hit(fault.BeforeAck, "a", "") != nil || s.Transit("a", "", true).Kind != "" || s.Disarm(0) != 0 || s.Rules() != nil {
		t.Error("the nil set has faults")
	}
}

// A rule selects processes and messages; an empty field selects all.
func TestRuleMatches(t *testing.T) {
	for _, c := range []struct {
		process, message string
		hits             bool
	}{
		{"", "", true},
		{"user/100@acme.test", "", true},
		{"user/*", "", true},
		{"user/100@*", "Register", true},
		{"*", "", false}, // a star does not match a slash
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

// A rule hits Times times after Skip matches.
func TestSkipAndTimes(t *testing.T) {
	s := &fault.Set{}
	hits := func() (hitAt []int) {
		for i := range 6 {
			if s.Hit(fault.BeforePublish, "a", "") != nil {
				hitAt = append(hitAt, i)
			}
		}
		return hitAt
	}
	arm(t, s, fault.Rule{Point: fault.BeforePublish, Kind: fault.Error, Skip: 2, Times: 3})
	if got := hits(); !slices.Equal(got, []int{2, 3, 4}) {
		t.Errorf("hit at %v", got)
	}
	if r := s.Rules(); len(r) != 1 || r[0].Hits != 3 || s.Armed() {
		t.Errorf("after the hits: %+v, armed %v", r, s.Armed())
	}
	arm(t, s, fault.Rule{Point: fault.BeforePublish, Kind: fault.Error})
	if got := hits(); !slices.Equal(got, []int{0}) {
		t.Errorf("with the default number of hits it hit at %v", got)
	}
	id := arm(t, s, fault.Rule{Point: fault.BeforePublish, Kind: fault.Error, Times: 9})
	if n := s.Disarm(id); n != 1 || s.Armed() || len(s.Rules()) != 2 {
		t.Errorf("%d disarmed, armed %v, left %+v", n, s.Armed(), s.Rules())
	}
	if n := s.Disarm(0); n != 2 || len(s.Rules()) != 0 || s.Disarm(id) != 0 {
		t.Errorf("%d disarmed, left %+v", n, s.Rules())
	}
}
