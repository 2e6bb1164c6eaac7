package sim

import (
	"slices"
	"testing/synctest"
	"time"

	"registrar/actors/domain"
	"registrar/actors/fault"
)

// tour is one scenario in which every process of the registrar takes every message that there is, with one fault in one place of it.
type tour struct {
	*World
	cell   Cell
	rule   uint64 // the fault's; zero is none yet
	eased  bool   // it has happened, and a hang has been dealt with
	down   bool   // the broker is, or looks well and is not
	phones []*phone
	asked  []question
}

// TourOptions set a registrar up for [World.Tour].
func TourOptions(c Cell) Options {
	o := Options{Canary: 2 * time.Second, Node: "a", Notices: true, Intensity: 4, Idle: time.Hour}
	if c.Service {
		o.Service = time.Millisecond
	}
	return o
}

// Tour plays the scenario with the fault of a cell and returns what was not true, and whether the fault has happened. The world has to be made with
// [TourOptions].
func (w *World) Tour(c Cell) (violations []string, reached bool) {
	t := &tour{World: w, cell: c}
	for _, k := range []domain.Key{victim, bystander, mate, leaver, flushed} {
		p := &phone{key: k, node: "right", expires: time.Hour}
		if k == leaver {
			p.expires = 25 * time.Second
		}
		t.phones = append(t.phones, p)
		w.setPassword(k, "first")
	}
	w.introduce()
	w.troubled = true // of an answer that was sent and not acknowledged there may be two
	t.arm()
	for _, step := range []func(){
		t.registers, t.questions, t.changes, t.rubbish, t.flushes, t.ends, t.link, t.retries, t.crashes, t.lives, t.drains,
	} {
		step()
		t.Settle()
		if len(w.Violations) > 0 {
			return w.Violations, true
		}
	}
	reached = t.eased || t.hit()
	w.calm(t.phones, c.Kind == "")
	w.judge(t.asked)
	w.history(t.phones)
	return w.Violations, reached
}

// arm arms the fault of the cell.
func (t *tour) arm() {
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

// then lets the registrar do what it has to, and some time pass; should the fault have happened meanwhile, others must not notice.
func (t *tour) then(d time.Duration) {
	t.Settle()
	if t.hit() && !t.eased {
		t.eased = true
		t.ease()
	}
	t.clock.pass(d)
	t.Settle()
}

func (t *tour) hit() bool {
	return slices.ContainsFunc(slices.Concat(t.spent, t.Faults.Rules()), func(r fault.Rule) bool { return r.ID == t.rule && r.Hits > 0 })
}

// ease ends a hang as the cell says. While it lasts, who has nothing to do with its process is served as ever; soon after it all is well.
func (t *tour) ease() {
	t.undisturbed()
	if t.cell.Kind == fault.Hang {
		t.unhang()
	}
	if !t.down && !t.until(t.ready) {
		t.fail("it is not ready %v after the fault: %v", healed, t.bridge.Status.Reasons())
	}
}

func (t *tour) unhang() {
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

// undisturbed asks about a user of another realm and another shard: unless the process is one that all share, it is answered at once.
func (t *tour) undisturbed() {
	switch t.cell.Actor {
	case "user", "shard", "realm":
		t.look(bystander)
	}
}
