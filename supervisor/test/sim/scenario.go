package sim

import (
	"slices"
	"testing/synctest"
	"time"

	"registrar/actors/domain"
	"registrar/actors/fault"
)

// scenario is one fixed course of events in which every process of the registrar handles every
// message type, with one fault in one place.
type scenario struct {
	*World
	cell       Cell
	rule       uint64 // of the fault; zero for none yet
	resolved   bool   // the fault has happened, and a hang has ended
	brokerDown bool   // the broker is down, or answers nothing
	phones     []*phone
	asked      []request
}

// ScenarioOptions returns the options for [World.RunScenario].
func ScenarioOptions(c Cell) Options {
	return Options{
		Canary: 2 * time.Second, Node: "a", Notices: true, Sync: c.Sync, Intensity: 4, Idle: time.Hour,
	}
}

// RunScenario plays the scenario with the fault of a cell. It returns the violations and whether
// the fault happened. The world must be made with [ScenarioOptions].
func (w *World) RunScenario(c Cell) (violations []string, reached bool) {
	t := &scenario{World: w, cell: c}
	for _, k := range []domain.Key{victim, bystander, shardMate, expiringUser, flushedUser} {
		p := &phone{key: k, node: "right", expires: time.Hour}
		if k == expiringUser {
			p.expires = 25 * time.Second
		}
		t.phones = append(t.phones, p)
		w.setPassword(k, "first")
	}
	w.registerResidents()
	w.disturbed = true // an unacknowledged request may be answered twice
	t.arm()
	for _, step := range []func(){
		t.register, t.sendRequests, t.changePassword, t.malformed, t.flush, t.expire, t.connectionFaults, t.retry, t.crashLoop, t.restartAll, t.drain,
	} {
		step()
		t.Settle()
		if len(w.Violations) > 0 {
			return w.Violations, true
		}
	}
	reached = t.resolved || t.faultHit()
	w.quiesce(t.phones, c.Kind == "")
	w.checkAuthns(t.asked)
	w.history(t.phones)
	return w.Violations, reached
}

// arm arms the fault of the cell.
func (t *scenario) arm() {
	if t.cell.Kind == "" {
		return
	}
	t.note("a %s at %s of %s when it takes %s", t.cell.Kind, t.cell.Point, t.cell.Process, t.cell.Message)
	id, err := t.Faults.Arm(fault.Rule{Point: t.cell.Point, Kind: t.cell.Kind, Process: t.cell.Process, Message: t.cell.Message})
	if err != nil {
		t.fail("%v", err)
	}
	t.rule = id
}

// advance runs the registrar and lets time pass. If the fault happens meanwhile, other users must
// not notice.
func (t *scenario) advance(d time.Duration) {
	t.Settle()
	if t.faultHit() && !t.resolved {
		t.resolved = true
		t.resolveHang()
	}
	t.clock.pass(d)
	t.Settle()
}

func (t *scenario) faultHit() bool {
	return slices.ContainsFunc(slices.Concat(t.pastRules, t.Faults.Rules()), func(r fault.Rule) bool { return r.ID == t.rule && r.Hits > 0 })
}

// resolveHang ends a hang as the cell says. During the hang users of other processes are served;
// soon after it everybody is.
func (t *scenario) resolveHang() {
	t.checkBystander()
	if t.cell.Kind == fault.Hang {
		t.endHang()
	}
	if !t.brokerDown && !t.until(t.ready) {
		t.fail("it is not ready %v after the fault: %v", healWithin, t.bridge.Reasons())
	}
}

func (t *scenario) endHang() {
	t.clock.pass(300 * time.Millisecond)
	t.Settle()
	if t.cell.Ending == Abandoned {
		t.note("%s is killed without its cooperation", t.cell.Process)
		if err := t.app.Abandon(t.cell.Process); err != nil {
			t.fail("%v", err)
		}
		t.clock.pass(time.Second)
		t.Settle()
	}
	t.note("the hang ends")
	t.Faults.Disarm(t.rule)
	synctest.Wait()
	t.Settle()
}

// checkBystander sends a request about a user of another realm and shard. Unless all users share
// the process with the fault, the reply comes at once.
func (t *scenario) checkBystander() {
	switch t.cell.Actor {
	case "user", "shard", "realm":
		t.checkUser(bystander)
	}
}
