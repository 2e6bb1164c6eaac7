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
type requestLog struct {
	mu      sync.Mutex
	records map[string]*requestRecord
	dead    bool // the registrar was killed; outcomes from processes held by a fault are ignored
}

// requestRecord is the fate of one request.
type requestRecord struct {
	acked         int      // times it was acknowledged
	outcomes      []string // outcomes that its consumer counted, one for each delivery
	replyOutcomes []string // outcomes that the publisher counted for its replies
	returned      int      // replies that the broker returned as unroutable
	killed        int      // replies on their way to the publisher when the registrar was killed
}

func newRequestLog() *requestLog { return &requestLog{records: map[string]*requestRecord{}} }

// update changes the record of a request; other Msg-IDs are ignored.
func (a *requestLog) update(id string, f func(*requestRecord)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t := a.records[id]; t != nil {
		f(t)
	}
}

// open begins the record of a request.
// close removes that of a request that the broker did not accept.
func (a *requestLog) open(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.records[id] = &requestRecord{}
}

func (a *requestLog) close(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.records, id)
}

// countOutcome records an outcome that the registrar counted.
func (a *requestLog) countOutcome(flow, outcome, id string) {
	a.update(id, func(f *requestRecord) {
		switch {
		case a.dead:
		case flow == "publisher":
			f.replyOutcomes = append(f.replyOutcomes, outcome)
		default:
			f.outcomes = append(f.outcomes, outcome)
		}
	})
}

func (a *requestLog) settled(body []byte) { a.update(idOf(body), func(f *requestRecord) { f.acked++ }) }

func (a *requestLog) unroutable(p link.Publishing) {
	a.update(idOf(p.Body), func(f *requestRecord) { f.returned++ })
}

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
func (a *requestLog) kill() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range a.records {
		f.killed = max(f.killed, f.answered()-len(f.replyOutcomes))
	}
}

// setDead says whether the registrar is dead, so that nothing counts.
func (a *requestLog) setDead(over bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dead = over
}

// answered returns how often the consumer counted the request as answered.
func (f *requestRecord) answered() (n int) {
	for _, o := range f.outcomes {
		if !slices.Contains(unansweredOutcomes(), o) {
			n++
		}
	}
	return n
}

// unansweredOutcomes are the consumer's outcomes without a reply. unsentOutcomes are the
// publisher's outcomes of a reply that was not sent.
func unansweredOutcomes() []string {
	return []string{"deadline_exceeded", "shed", "failed", "crashed"}
}

func unsentOutcomes() []string {
	return []string{"no_broker", "failed", "lost", "deadline_exceeded", "overloaded"}
}

// explained reports whether a counted outcome explains a missing reply.
func (f *requestRecord) explained() bool {
	in := func(list []string) func(string) bool { return func(o string) bool { return slices.Contains(list, o) } }
	return f.returned > 0 || f.killed > 0 || slices.ContainsFunc(f.outcomes, in(unansweredOutcomes())) || slices.ContainsFunc(f.replyOutcomes, in(unsentOutcomes()))
}

// checkRequests checks the record of every request: it was answered, or counted as unanswered,
// and each counted reply was sent. With exact, an answered request has no other outcome; this
// holds only while no fault repeats work.
func (w *World) checkRequests(exact bool) {
	w.requestLog.mu.Lock()
	defer w.requestLog.mu.Unlock()
	expired, of := 0, w.Broker.Expired()
	for _, id := range slices.Sorted(maps.Keys(w.requestLog.records)) {
		f, heard := w.requestLog.records[id], len(w.replies[id])
		if f.acked == 0 {
			expired++
		}
		switch {
		case f.acked > 0 && len(f.outcomes) == 0:
			w.fail("question %s is acknowledged and counted as nothing", id)
		case f.answered() > len(f.replyOutcomes)+f.killed:
			w.fail("question %s is counted as answered %d times, and the publisher knows of %v", id, f.answered(), f.replyOutcomes)
		case heard == 0 && f.acked > 0 && !f.explained():
			w.fail("question %s has no answer and is counted as one that has: %v, %v", id, f.outcomes, f.replyOutcomes)
		case exact && heard > 0 && f.explained():
			w.fail("question %s has an answer and is counted as one that has none: %v, %v", id, f.outcomes, f.replyOutcomes)
		}
	}
	if own := w.opts.Canary > 0; expired > of || expired < of && !own {
		w.fail("%d questions were not taken in time, and the broker has counted %d", expired, of)
	}
}

// isRequest reports whether a message with this routing key expects a reply.
func isRequest(key string) bool {
	return strings.HasPrefix(key, "authn.") || strings.HasPrefix(key, "registration.query.")
}
