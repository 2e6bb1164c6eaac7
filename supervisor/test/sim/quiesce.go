package sim

import (
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"registrar/actors/domain"
	"registrar/actors/trace"
	"registrar/supervisor/traceview"
)

// quiesce ends all faults, waits until nothing is left to do, and checks the registrations and
// the requests. See [World.checkRequests] for exact.
func (w *World) quiesce(all []*phone, exact bool) {
	w.stopFaults(all)
	w.settleQueues()
	w.Settle()
	w.disturbed = false
	rounds := []time.Duration{15 * time.Second, 12 * time.Second, 12 * time.Second, 12 * time.Second, 12 * time.Second, 0} // long enough for actors to be passivated
	for _, d := range rounds {
		for _, p := range all {
			if w.checkUser(p.key); len(w.Violations) > 0 {
				return
			}
		}
		w.clock.pass(d)
		w.Settle()
	}
	w.checkRequests(exact)
	w.Kill()
	w.Boot()
	for _, p := range all {
		w.checkUser(p.key)
	}
	w.checkRequests(exact)
	if n := len(w.bridge.Outcomes()); n == 0 {
		w.fail("nothing is counted")
	}
}

// stopFaults ends all faults and waits until the registrar is ready.
func (w *World) stopFaults(all []*phone) {
	w.note("all faults end")
	w.Faults.Disarm(0)
	synctest.Wait()
	w.diskSlowUntil = time.Time{}
	for _, p := range all {
		if p.held != nil {
			w.send(p.held)
		}
	}
	w.clock.pass(time.Second) // delayed work goes on
	w.Settle()
	if !w.until(w.ready) {
		w.fail("it is not ready %v after the last fault: %v", healWithin, w.bridge.Reasons())
	}
	for _, p := range all {
		if newest, ok := w.unconfirmed[p.key]; ok {
			w.forget(p.key, newest)
		}
	}
}

// settleQueues waits until the registrar has no unacknowledged deliveries.
func (w *World) settleQueues() {
	for _, r := range w.reports { // the broker has not accepted it yet
		if r.sent == 0 {
			w.send(r)
		}
	}
	for _, queue := range w.queues() {
		if !w.until(func() bool { ready, open := w.Broker.Depth(queue); return ready+open == 0 }) {
			w.fail("deliveries of %s are not settled %v after the last fault", queue, healWithin)
		}
	}
}

func (w *World) queues() []string {
	return []string{w.set.Reports(), w.set.AuthnQueue, w.set.QueryQueue}
}

// checkUser sends both requests about a user at a quiet moment and checks the replies.
func (w *World) checkUser(k domain.Key) {
	query := w.askQuery(k)
	w.awaitReplies()
	if got := w.replies[query]; len(got) != 1 {
		w.fail("query %s about %v has %d answers", query, k, len(got))
	} else {
		w.shown(k, contacts(got[0]))
	}
	ask := w.askAuthn(k)
	w.awaitReplies()
	if got := w.replies[ask]; len(got) != 1 {
		w.fail("authn %s about %v has %d answers", ask, k, len(got))
	} else if last := w.passwords[k]; got[0]["Auth-Password"] != last[len(last)-1] {
		w.fail("authn about %v is answered with %v instead of the newest password", k, got[0]["Auth-Password"])
	}
}

// awaitReplies runs the registrar until its work is done.
func (w *World) awaitReplies() {
	w.Settle()
}

// checkAuthns checks the authn replies that were sent during the faults.
func (w *World) checkAuthns(asked []request) {
	for _, q := range asked {
		for _, a := range w.replies[q.id] {
			if !q.authn {
				continue // history checks queries
			}
			got, _ := a["Auth-Password"].(string)
			if a["Event-Name"] != "authn_resp" || !w.validPassword(q, got) {
				w.fail("authn %s about %v is answered with %v", q.id, q.key, a)
			}
		}
	}
}

// validPassword reports whether a password was valid at some time since the request.
func (w *World) validPassword(q request, password string) bool {
	for i, p := range w.allPasswords[q.key] {
		if p == password {
			return len(q.before) == 0 || i >= slices.Index(w.allPasswords[q.key], q.before[0])
		}
	}
	return false
}

// Chart returns the last events as a chart.
func (w *World) Chart(most int) string {
	events := slices.DeleteFunc(w.Recorder.Snapshot(trace.Filter{}), func(e trace.Event) bool {
		return e.Kind == trace.Start && e.User == "" // the static tree
	})
	var b strings.Builder
	if err := traceview.Text(&b, events[max(0, len(events)-most):]); err != nil {
		return err.Error()
	}
	return b.String()
}
