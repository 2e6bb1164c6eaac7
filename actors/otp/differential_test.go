package otp_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"registrar/actors/otp"
)

// event is one line of a script.
type event struct {
	kind    string
	id      string
	seconds int
	child   modelChild
}

func (e event) String() string {
	switch e.kind {
	case "pass":
		return fmt.Sprintf("%d s pass", e.seconds)
	case "start":
		return fmt.Sprintf("start %+v", e.child)
	case "fail init":
		return fmt.Sprintf("the next %d starts of %s fail", e.seconds, e.id)
	}
	return e.kind + " " + e.id
}

// script is a supervisor and its events.
type script struct {
	spec     otp.SupSpec
	children []modelChild
	events   []event
}

func drawScript(t *rapid.T) script {
	s := script{spec: otp.SupSpec{
		Strategy:     otp.Strategy(rapid.IntRange(0, 2).Draw(t, "strategy")),
		Intensity:    rapid.IntRange(0, 3).Draw(t, "intensity"),
		Period:       time.Duration(rapid.IntRange(1, 4).Draw(t, "period")) * time.Second,
		AutoShutdown: otp.AutoShutdown(rapid.IntRange(0, 2).Draw(t, "auto-shutdown")),
	}}
	ids := []string{"a", "b", "c", "d", "e"}
	draw := func(id string) modelChild {
		c := modelChild{id: id, restart: otp.Restart(rapid.IntRange(0, 2).Draw(t, "restart of "+id))}
		c.significant = s.spec.AutoShutdown != otp.NeverShutdown && c.restart != otp.Permanent && rapid.Bool().Draw(t, "significant")
		return c
	}
	for _, id := range ids[:rapid.IntRange(1, 4).Draw(t, "children")] {
		s.children = append(s.children, draw(id))
	}
	kinds := []string{"crash", "crash", "crash", "normal", "shutdown", "pass", "pass", "start", "terminate", "restart", "delete", "fail init", "fail init"}
	for range rapid.IntRange(1, 25).Draw(t, "events") {
		e := event{kind: rapid.SampledFrom(kinds).Draw(t, "event"), id: rapid.SampledFrom(ids).Draw(t, "id")}
		switch e.kind {
		case "pass", "fail init":
			e.seconds = rapid.IntRange(1, 5).Draw(t, "seconds")
		case "start":
			e.child = draw(e.id)
		}
		s.events = append(s.events, e)
	}
	return s
}

// comparison runs the real supervisor beside the model.
type comparison struct {
	sys   *otp.System
	j     *journal
	app   *otp.App
	refs  map[string]*otp.Ref[msg]
	model model

	mu           sync.Mutex
	initFailures map[string]int
}

// nextInit returns the error of the next Init of a child.
func (r *comparison) nextInit(id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.initFailures[id] == 0 {
		return nil
	}
	r.initFailures[id]--
	return errInit
}

func (r *comparison) child(c modelChild) otp.ChildSpec {
	ref := r.refs[c.id]
	if ref == nil {
		ref = otp.NewRef[msg](r.sys, c.id)
		r.refs[c.id] = ref
	}
	return otp.ChildSpec{
		ID: c.id, Restart: c.restart, Significant: c.significant,
		Start: otp.Worker(ref, func() otp.Behaviour[msg] {
			return &worker{name: c.id, j: r.j, initErr: func() error { return r.nextInit(c.id) }}
		}),
	}
}

// play runs a script on both and returns the first difference.
func (s script) play(t *testing.T) error {
	r := &comparison{sys: otp.NewSystem(), j: newJournal(), refs: map[string]*otp.Ref[msg]{}, initFailures: map[string]int{}}
	r.model = model{initFailures: map[string]int{}, strategy: s.spec.Strategy, intensity: s.spec.Intensity, period: int(s.spec.Period / time.Second), auto: s.spec.AutoShutdown}
	spec := s.spec
	for _, c := range s.children {
		spec.Children = append(spec.Children, r.child(c))
		r.model.children = append(r.model.children, c)
	}
	r.model.begin()
	app, err := otp.Start(t.Context(), r.sys, "top", spec)
	if err != nil {
		return err
	}
	r.app = app
	defer func() { _ = app.Stop(context.Background()) }()
	for i, e := range s.events {
		if err := r.step(t, e); err != nil {
			return fmt.Errorf("event %d (%v): %w", i, e, err)
		}
		if r.model.dead {
			break
		}
	}
	return nil
}

func (r *comparison) step(t *testing.T, e event) error {
	var got error
	want := ""
	tell := func(m msg, reason string) {
		if r.refs[e.id] == nil {
			return
		}
		_ = r.refs[e.id].Tell(otp.External("test"), m) // it may have ended
		r.model.exited(e.id, reason)
	}
	switch e.kind {
	case "crash":
		tell(boom{}, "crash")
	case "normal":
		tell(exit{otp.Normal}, "normal")
	case "shutdown":
		tell(exit{otp.ShutdownWith("enough")}, "shutdown")
	case "fail init":
		r.mu.Lock()
		r.initFailures[e.id] = e.seconds
		r.mu.Unlock()
		r.model.initFailures[e.id] = e.seconds
	case "pass":
		time.Sleep(time.Duration(e.seconds) * time.Second)
		r.model.now += e.seconds
	case "start":
		got, want = r.app.StartChild(t.Context(), "top", r.child(e.child)), r.model.startChild(e.child)
	case "terminate":
		got, want = r.app.TerminateChild(t.Context(), "top", e.id), r.model.terminateChild(e.id)
	case "restart":
		got, want = r.app.RestartChild(t.Context(), "top", e.id), r.model.restartChild(e.id)
	case "delete":
		got, want = r.app.DeleteChild(t.Context(), "top", e.id), r.model.deleteChild(e.id)
	}
	synctest.Wait()
	return r.compare(got, want)
}

func (r *comparison) compare(got error, want string) error {
	if want != "" && got == nil || want == "" && got != nil {
		return fmt.Errorf("answered %v, want %q", got, want) //nolint:errorlint // it may be nil.
	}
	for _, known := range []error{otp.ErrAlreadyStarted, otp.ErrAlreadyPresent, otp.ErrNoChild, otp.ErrRunning} {
		if known.Error() == want && !errors.Is(got, known) {
			return fmt.Errorf("answered %w, want %q", got, want)
		}
	}
	if a, b := fmt.Sprint(r.j.all()), fmt.Sprint(r.model.log); a != b {
		return fmt.Errorf("\njournal %s\nmodel   %s", a, b)
	}
	select {
	case <-r.app.Done():
		if !r.model.dead {
			return errors.New("the supervisor has ended")
		}
		return nil
	default:
	}
	if r.model.dead {
		return errors.New("the supervisor still runs")
	}
	list, err := r.app.WhichChildren("top")
	if err != nil {
		return err
	}
	out := []string{}
	for _, c := range list {
		out = append(out, c.ID+" "+c.State)
	}
	if a, b := fmt.Sprint(out), r.model.which(); a != b {
		return fmt.Errorf("the children are %s, want %s", a, b)
	}
	return nil
}

// otpRounds returns the number of rounds of 100 scripts: 30 with REGISTRAR_TEST_FULL set, 6 of
// them under the race detector, which is several times slower; else a sample.
func otpRounds() int {
	switch {
	case os.Getenv("REGISTRAR_TEST_FULL") == "":
		return 3
	case raceDetector:
		return 6
	}
	return 30
}

// TestAgainstOTP plays random scripts of starts, crashes, exits, operator calls and passing time
// on a supervisor and on the model of OTP's rules. A difference shrinks to a short script.
func TestAgainstOTP(t *testing.T) {
	for round := range otpRounds() {
		t.Run(strconv.Itoa(round), func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				s := drawScript(rt)
				var err error
				synctest.Test(t, func(t *testing.T) { err = s.play(t) })
				if err != nil {
					rt.Fatalf("%+v, children %+v: %v", s.spec, s.children, err)
				}
			})
		})
	}
}
