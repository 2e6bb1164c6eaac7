package sim

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"

	"registrar/amqpbridge/link"
)

// requestLog records the fate of each request by its Msg-ID. Totals would hide a missing reply
// behind another counted outcome. Processes write to it from any goroutine.
type accounts struct {
	mu    sync.Mutex
	fates map[string]*fate
	over  bool // the registrar was killed; outcomes from processes held by a fault are ignored
}

// requestRecord is the fate of one request.
type fate struct {
	acked    int      // times it was acknowledged
	ended    []string // outcomes that its consumer counted, one for each delivery
	left     []string // outcomes that the publisher counted for its replies
	returned int      // replies that the broker returned as unroutable
	died     int      // replies on their way to the publisher when the registrar was killed
}

func newAccounts() *accounts { return &accounts{fates: map[string]*fate{}} }

// update changes the record of a request; other Msg-IDs are ignored.
func (a *accounts) with(id string, f func(*fate)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t := a.fates[id]; t != nil {
		f(t)
	}
}

// open begins the record of a request.
// close removes that of a request that the broker did not accept.
func (a *accounts) open(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fates[id] = &fate{}
}

func (a *accounts) close(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.fates, id)
}

// countOutcome records an outcome that the registrar counted.
func (a *accounts) became(flow, outcome, id string) {
	a.with(id, func(f *fate) {
		switch {
		case a.over:
		case flow == "publisher":
			f.left = append(f.left, outcome)
		default:
			f.ended = append(f.ended, outcome)
		}
	})
}

func (a *accounts) settled(body []byte) { a.with(idOf(body), func(f *fate) { f.acked++ }) }

func (a *accounts) cameBack(p link.Publishing) { a.with(idOf(p.Body), func(f *fate) { f.returned++ }) }

func idOf(body []byte) string {
	if !bytes.Contains(body, []byte(`"Msg-ID"`)) {
		return ""
	}
	var m struct {
		ID string `json:"Msg-ID"`
	}
	_ = json.Unmarshal(body, &m) // a malformed body has no record
	return m.ID
}

// kill records the replies that a kill -9 loses: the process that would have counted them is
// dead.
func (a *accounts) kill() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range a.fates {
		f.died = max(f.died, f.answered()-len(f.left))
	}
}

// setDead says whether the registrar is dead, so that nothing counts.
func (a *accounts) dead(over bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over = over
}

// answered returns how often the consumer counted the request as answered.
func (f *fate) answered() (n int) {
	for _, o := range f.ended {
		if !slices.Contains(unanswered(), o) {
			n++
		}
	}
	return n
}

// unansweredOutcomes are the consumer's outcomes without a reply. unsentOutcomes are the
// publisher's outcomes of a reply that was not sent.
func unanswered() []string { return []string{"late", "deadline_exceeded", "shed", "failed", "crashed"} }

func unsent() []string { return []string{"no_broker", "failed", "lost", "deadline_exceeded", "overloaded"} }

// explained reports whether a counted outcome explains a missing reply.
func (f *fate) explained() bool {
	in := func(list []string) func(string) bool { return func(o string) bool { return slices.Contains(list, o) } }
	return f.returned > 0 || f.died > 0 || slices.ContainsFunc(f.ended, in(unanswered())) || slices.ContainsFunc(f.left, in(unsent()))
}

// checkRequests checks the record of every request: it was answered, or counted as unanswered,
// and each counted reply was sent. With exact, an answered request has no other outcome; this
// holds only while no fault repeats work.
func (w *World) audit(exact bool) {
	w.accounts.mu.Lock()
	defer w.accounts.mu.Unlock()
	expired, of := 0, w.Broker.Expired()
	for _, id := range slices.Sorted(maps.Keys(w.accounts.fates)) {
		f, heard := w.accounts.fates[id], len(w.answers[id])
		if f.acked == 0 {
			expired++
		}
		switch {
		case f.acked > 0 && len(f.ended) == 0:
			w.fail("question %s is acknowledged and counted as nothing", id)
		case f.answered() > len(f.left)+f.died:
			w.fail("question %s is counted as answered %d times, and the publisher knows of %v", id, f.answered(), f.left)
		case heard == 0 && f.acked > 0 && !f.explained():
			w.fail("question %s has no answer and is counted as one that has: %v, %v", id, f.ended, f.left)
		case exact && heard > 0 && f.explained():
			w.fail("question %s has an answer and is counted as one that has none: %v, %v", id, f.ended, f.left)
		}
	}
	if own := w.opts.Canary > 0; expired > of || expired < of && !own {
		w.fail("%d questions were not taken in time, and the broker has counted %d", expired, of)
	}
}

// isRequest reports whether a message with this routing key expects a reply.
func isQuestion(key string) bool {
	return strings.HasPrefix(key, "authn.") || strings.HasPrefix(key, "registration.query.")
}
