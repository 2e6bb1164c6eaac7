package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"registrar/actors/domain"
)

// phone is a user of the simulation, with the sender and the lifetime of its reports.
type phone struct {
	key     domain.Key
	node    string
	expires time.Duration
	held    *report // made, but sent only after newer ones
}

func phones() []*phone {
	key := func(realm, user string) domain.Key {
		return domain.Key{Realm: domain.Realm(realm), User: domain.User(user)}
	}
	return []*phone{
		{key: key("one.test", "100"), node: "right", expires: 90 * time.Second},
		{key: key("two.test", "100"), node: "behind", expires: 60 * time.Second},
		{key: key("one.test", "200"), node: "right", expires: time.Hour},
		{key: key("one.test", "300"), node: "ahead", expires: time.Hour},
	}
}

// maxReports is how many reports a phone makes: no more than tombstones in a record.
const maxReports = 8

// Run plays a random scenario, ends all faults, and returns the violations. Each choice is a
// number; its meaning depends on it and the seed alone, so that a scenario can be shortened by
// leaving out choices.
func (w *World) Run(choices []int) []string {
	all := phones()
	for _, p := range all {
		w.setPassword(p.key, "first")
	}
	w.registerResidents()
	var asked []request
	for _, c := range choices {
		w.pcg.Seed(w.seed, uint64(c)) //nolint:gosec // it is positive
		switch n := w.rng.IntN(100); {
		case n < 55:
			w.someSteps()
		case n < 75:
			w.reportPhone(all[w.rng.IntN(len(all))])
		case n < 84:
			asked = append(asked, w.newRequest(all[w.rng.IntN(len(all))]))
		case n < 87:
			k := all[w.rng.IntN(len(all))].key
			w.setPassword(k, fmt.Sprint("password-", w.Steps))
		default:
			w.disturb()
		}
		if len(w.Violations) > 0 {
			return w.Violations
		}
	}
	w.pcg.Seed(w.seed, 0)
	w.quiesce(all, false)
	w.checkAuthns(asked)
	w.history(all)
	return w.Violations
}

// registerResidents registers one permanent user of each sender, twice. The age of a message that
// waited in a queue is known only when the offset of its sender's clock is, and the first message
// of a sender far off does not fix it.
func (w *World) registerResidents() {
	for _, node := range nodes() {
		w.setPassword(resident(node), "first")
		for range 2 {
			w.registerResident(node)
			made := w.reports[len(w.reports)-1]
			if !w.until(func() bool { return made.acked }) {
				w.fail("report %d is not acknowledged", made.n)
			}
			w.Settle()
		}
	}
}

// resident is the permanent user of a sender.
func resident(node string) domain.Key {
	return domain.Key{Realm: "one.test", User: domain.User(strconv.Itoa(900 + slices.Index(nodes(), node)))}
}

// registerResident sends a report of the permanent user of a sender.
func (w *World) registerResident(node string) {
	k := resident(node)
	w.send(w.newReport(k, "sip:"+string(k.User)+"@192.0.2.9", node, false, 24*time.Hour))
}

// someSteps runs a few steps.
func (w *World) someSteps() {
	for range 1 + w.rng.IntN(40) {
		if !w.step() {
			return
		}
	}
}

// reportPhone makes a report of a phone, or sends an old one again.
func (w *World) reportPhone(p *phone) {
	var mine []*report
	for _, r := range w.reports {
		if r.key != p.key {
			continue
		}
		if mine = append(mine, r); r.sent == 0 && r != p.held { // not confirmed by the broker: a sender repeats it before a newer one
			w.send(r)
			return
		}
	}
	again := len(mine) > 0 && w.rng.IntN(3) == 0 || len(mine) >= maxReports
	switch {
	case again && p.held != nil:
		w.send(p.held)
		p.held = nil
	case again && mine[len(mine)-1].sent == 0: // nothing newer than the held report
	case again:
		w.send(mine[w.rng.IntN(len(mine))])
	case len(mine) > 0 && !mine[len(mine)-1].ends && p.held == nil && w.rng.IntN(4) == 0:
		w.sendOrHold(p, w.newReport(p.key, strings.TrimSuffix(mine[len(mine)-1].contact, ";expires=0"), p.node, true, p.expires), len(mine))
	default:
		r := w.newReport(p.key, fmt.Sprintf("sip:%s@192.0.2.%d", p.key.User, 1+w.rng.IntN(2)), p.node, false, p.expires)
		w.sendOrHold(p, r, len(mine))
	}
}

// sendOrHold sends a phone's report, or holds it until the next has overtaken it. The phone has
// made after reports before.
func (w *World) sendOrHold(p *phone, r *report, after int) {
	if p.held == nil && p.node == "right" && after > 0 && after < maxReports-1 && w.rng.IntN(5) == 0 {
		p.held = r
		return
	}
	w.send(r)
}

// question is a request, and the valid replies at that time.
type request struct {
	id     string
	key    domain.Key
	authn  bool
	before []string // passwords that were valid at the request
	called int
}

func (w *World) newRequest(p *phone) request {
	q := request{key: p.key, authn: w.rng.IntN(2) == 0, called: w.Steps}
	if q.authn {
		q.before = w.passwords[p.key]
		q.id = w.askAuthn(p.key)
	} else {
		q.id = w.askQuery(p.key)
	}
	if w.rng.IntN(2) == 0 {
		w.Settle()
	}
	w.requests = append(w.requests, q)
	return q
}
