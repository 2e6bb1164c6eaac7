package otp_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"registrar/actors/fault"
	"registrar/actors/otp"
	"registrar/actors/trace"
)

// After any fault at a point of the engine the process serves again.
func TestProcessServesAfterFault(t *testing.T) {
	for _, at := range []fault.Point{fault.BeforeHandle, fault.AfterHandle, fault.BeforeInit, fault.AfterInit, fault.InStop} {
		for _, kind := range fault.Kinds(at) {
			t.Run(string(at)+" "+string(kind), func(t *testing.T) {
				p := startTree(t, lenient, []string{"a", "b"})
				id, err := p.faults.Arm(fault.Rule{Point: at, Kind: kind, Process: "a"})
				if err != nil {
					t.Fatal(err)
				}
				p.tell("a", boom{}) // passes every point: handler, end and start
				p.tell("a", note{"after"})
				p.awaitEcho("b") // b is not affected
				if kind == fault.Hang {
					p.faults.Disarm(id)
				}
				p.awaitEcho("a")
				if kind == fault.Hang {
					return
				}
				if r := p.faults.Rules(); len(r) != 1 || r[0].Hits != 1 {
					t.Errorf("the fault was not applied: %+v", r)
				}
				if p.faults.Armed() {
					t.Error("the fault is still armed")
				}
			})
		}
	}
}

// The trace has each injected fault with its point and message, and the message during which a
// process was abandoned.
func TestFaultsAreRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec, faults := trace.New(trace.DefaultEvents, time.Now(), 0), &fault.Set{}
		s := &suite{T: t, testTree: &testTree{t: t, sys: otp.NewSystem(otp.WithRecorder(rec), otp.WithFaults(faults)), j: newJournal(), refs: map[string]*otp.Ref[msg]{}}}
		app, err := otp.Start(t.Context(), s.sys, "top", otp.SupSpec{Intensity: 5, Children: []otp.ChildSpec{s.spec(otp.ChildSpec{ID: "a"})}})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []fault.Rule{
			{Point: fault.InTransit, Kind: fault.Delay, Message: "note"},
			{Point: fault.AfterDecide, Kind: fault.Delay, Message: "fn"},
			{Point: fault.BeforeHandle, Kind: fault.Hang, Message: "echo"},
		} {
			if _, err := faults.Arm(r); err != nil {
				t.Fatal(err)
			}
		}
		s.tell("a", note{})
		s.tell("a", fn{func(c *otp.Context[msg]) { s.must(c.Fault(fault.AfterDecide, ""), nil) }})
		time.Sleep(time.Second)
		s.tell("a", echo{})
		synctest.Wait()
		s.must(app.Abandon("a"), nil)
		synctest.Wait()
		faults.Disarm(0)
		s.must(app.Stop(t.Context()), nil)
		var got []string
		for _, e := range rec.Snapshot(trace.Filter{Kinds: []trace.Kind{trace.Fault, trace.Abandoned}}) {
			got = append(got, e.Process+" "+e.Kind.String()+" "+e.Text)
			if caused := e.Cause != 0; caused == strings.Contains(e.Text, "in-transit") { // sent from outside
				t.Errorf("%s: its cause is %v", e.Text, e.Cause)
			}
		}
		want := []string{
			"a fault delay at in-transit otp_test.note", "a fault delay at after-decide otp_test.fn", "a fault hang at before-handle otp_test.echo",
			"a abandoned killed while handling otp_test.echo (abandoned by the operator)",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}
