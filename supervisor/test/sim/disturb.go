package sim

import (
	"fmt"
	"time"

	"registrar/actors/domain"
	"registrar/actors/fault"
)

// disturb injects a random fault, or lets time pass.
func (w *World) disturb() {
	w.disturbed = true
	switch w.rng.IntN(13) {
	case 0, 1, 2:
		names := w.processNames()
		name := names[w.rng.IntN(len(names))]
		switch gently := w.rng.IntN(2) == 0; {
		case name == writer:
			w.note("the store's writer restarts")
			w.Store.restart()
		case gently:
			w.note("kill %s: %v", name, w.app.Kill(name))
		default:
			w.note("kill %s without its cooperation: %v", name, w.app.Abandon(name))
		}
	case 3, 4, 5:
		w.armFault()
	case 6:
		w.note("the connections are cut")
		w.Broker.Cut()
	case 7:
		w.note("the broker restarts")
		w.Broker.Stop()
		w.someSteps()
		w.Broker.Start()
	case 8:
		w.Kill()
		w.Boot()
	case 9:
		d := time.Duration(w.rng.IntN(5000)) * time.Millisecond
		w.note("the disk is slow: nothing is written for %v", d)
		w.diskSlowUntil = time.Now().Add(d)
	case 10:
		step := time.Duration(w.rng.IntN(7200)-3600) * time.Second
		w.note("the clock is stepped by %v", step)
		w.clock.step += step
	default:
		d := time.Duration(w.rng.IntN(40)) * time.Second
		if w.rng.IntN(2) == 0 {
			d /= 40
		}
		w.note("%v pass", d)
		w.clock.pass(d)
	}
}

func (w *World) processNames() (all []string) {
	for _, p := range phones() {
		all = append(all, "user/"+p.key.String(), "realm/"+string(p.key.Realm), fmt.Sprintf("users/%02d", domain.ShardOf(p.key, 64)))
	}
	return append(all, writer, "realms", "users/sweeper", "bridge/registrations", "bridge/authn", "bridge/queries", "bridge/publisher", "bridge/consuming", "bridge/publishing")
}

// armFault arms a random fault at a random point.
func (w *World) armFault() {
	points, names := fault.Points(), w.processNames()
	r := fault.Rule{Point: points[w.rng.IntN(len(points))], Process: names[w.rng.IntN(len(names))], Skip: w.rng.IntN(3)}
	kinds := fault.Kinds(r.Point)
	r.Kind = kinds[w.rng.IntN(len(kinds))]
	w.note("a %s at %s of %s", r.Kind, r.Point, r.Process)
	if _, err := w.Faults.Arm(r); err != nil {
		w.fail("%v", err)
	}
}
