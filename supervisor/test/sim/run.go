package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"registrar/actors/domain"
)

// phone is a user of the simulation: whose clock its reports have, and for how long it registers.
type phone struct {
	key     domain.Key
	node    string
	expires time.Duration
	held    *report // made, and not yet sent while newer ones are
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

// reportsMost is how many reports a phone makes: no more than a user's record remembers removals.
const reportsMost = 8

// Run plays a scenario, has everything come to rest, and returns what was not true. Each choice is a number: what it stands for depends on it and the seed
// alone, so that a scenario can be made shorter by leaving some of them out.
func (w *World) Run(choices []int) []string {
	all := phones()
	for _, p := range all {
		w.setPassword(p.key, "first")
	}
	w.introduce()
	var asked []question
	for _, c := range choices {
		w.pcg.Seed(w.seed, uint64(c)) //nolint:gosec // it is positive.
		switch n := w.rng.IntN(100); {
		case n < 55:
			w.few()
		case n < 75:
			w.report(all[w.rng.IntN(len(all))])
		case n < 84:
			asked = append(asked, w.question(all[w.rng.IntN(len(all))]))
		case n < 87:
			k := all[w.rng.IntN(len(all))].key
			w.setPassword(k, fmt.Sprint("password-", w.Steps))
		default:
			w.trouble()
		}
		if len(w.Violations) > 0 {
			return w.Violations
		}
	}
	w.pcg.Seed(w.seed, 0)
	w.calm(all, false)
	w.judge(asked)
	w.history(all)
	return w.Violations
}

// introduce has a user of each sender register who stays, twice: the age of a message that has waited at the broker can be told only when the sender's
// clock is known, and what the first message of a sender says of its clock is not kept when it is far off.
func (w *World) introduce() {
	for _, node := range nodes() {
		w.setPassword(staying(node), "first")
		for range 2 {
			w.stay(node)
			made := w.reports[len(w.reports)-1]
			if !w.until(func() bool { return made.acked }) {
				w.fail("report %d is not acknowledged", made.n)
			}
			w.Settle()
		}
	}
}

// staying is the user of a sender who never leaves.
func staying(node string) domain.Key {
	return domain.Key{Realm: "one.test", User: domain.User(strconv.Itoa(900 + slices.Index(nodes(), node)))}
}

// stay has the user of a sender who never leaves register.
func (w *World) stay(node string) {
	k := staying(node)
	w.send(w.newReport(k, "sip:"+string(k.User)+"@192.0.2.9", node, false, 24*time.Hour))
}

// few runs a few steps.
func (w *World) few() {
	for range 1 + w.rng.IntN(40) {
		if !w.step() {
			return
		}
	}
}

// report has a phone make a report, or send an old one again.
func (w *World) report(p *phone) {
	var mine []*report
	for _, r := range w.reports {
		if r.key != p.key {
			continue
		}
		if mine = append(mine, r); r.sent == 0 && r != p.held { // the broker had not taken it: a sender tries again before it says anything newer
			w.send(r)
			return
		}
	}
	again := len(mine) > 0 && w.rng.IntN(3) == 0 || len(mine) >= reportsMost
	switch {
	case again && p.held != nil:
		w.send(p.held)
		p.held = nil
	case again && mine[len(mine)-1].sent == 0: // nothing newer stands against what was held back
	case again:
		w.send(mine[w.rng.IntN(len(mine))])
	case len(mine) > 0 && !mine[len(mine)-1].ends && p.held == nil && w.rng.IntN(4) == 0:
		w.sendOrHold(p, w.newReport(p.key, strings.TrimSuffix(mine[len(mine)-1].contact, ";expires=0"), p.node, true, p.expires), len(mine))
	default:
		r := w.newReport(p.key, fmt.Sprintf("sip:%s@192.0.2.%d", p.key.User, 1+w.rng.IntN(2)), p.node, false, p.expires)
		w.sendOrHold(p, r, len(mine))
	}
}

// sendOrHold has a phone's report, made after so many others, go its way, or be overtaken by the next.
func (w *World) sendOrHold(p *phone, r *report, after int) {
	if p.held == nil && p.node == "right" && after > 0 && after < reportsMost-1 && w.rng.IntN(5) == 0 {
		p.held = r
		return
	}
	w.send(r)
}

// question is one that was asked, and what might be answered then.
type question struct {
	id     string
	key    domain.Key
	authn  bool
	before []string // passwords that were right when it was asked
	called int
}

func (w *World) question(p *phone) question {
	q := question{key: p.key, authn: w.rng.IntN(2) == 0, called: w.Steps}
	if q.authn {
		q.before = w.passwords[p.key]
		q.id = w.askAuthn(p.key)
	} else {
		q.id = w.askQuery(p.key)
	}
	if w.rng.IntN(2) == 0 {
		w.Settle()
	}
	w.queries = append(w.queries, q)
	return q
}
