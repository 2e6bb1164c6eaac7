package otp_test

import (
	"testing"

	"registrar/supervisor/fault"
)

// Whatever happens at a point of the engine: the process serves again.
func TestFaultsOfTheEngineHeal(t *testing.T) {
	for _, at := range []fault.Point{fault.BeforeHandle, fault.AfterHandle, fault.BeforeInit, fault.AfterInit, fault.InStop} {
		for _, kind := range fault.Kinds(at) {
			t.Run(string(at)+" "+string(kind), func(t *testing.T) {
				p := grow(t, lenient, []string{"a", "b"})
				id, err := p.faults.Arm(fault.Rule{Point: at, Kind: kind, Process: "a"})
				if err != nil {
					t.Fatal(err)
				}
				p.tell("a", boom{}) // it passes every point: the handling, the end, the start
				p.tell("a", note{"after"})
				p.awaitEcho("b") // others are not disturbed
				if kind == fault.Hang {
					p.faults.Disarm(id)
				}
				p.awaitEcho("a")
				if kind == fault.Hang {
					return
				}
				if r := p.faults.Rules(); len(r) != 1 || r[0].Hits != 1 {
					t.Errorf("it has not happened: %+v", r)
				}
				if p.faults.Armed() {
					t.Error("it is still armed")
				}
			})
		}
	}
}
