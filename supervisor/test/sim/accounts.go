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

// accounts are kept of each question by its Msg-ID: sums over many would hide an answer that is missing behind something else that was counted. Processes
// write them from any goroutine.
type accounts struct {
	mu    sync.Mutex
	fates map[string]*fate
	over  bool // the registrar is dead: what one of it still counts that a fault has held is heard by nobody
}

// fate is what became of a question.
type fate struct {
	acked    int      // how often it was acknowledged
	ended    []string // what its flow has counted it as, once for each time that it was delivered and dealt with
	left     []string // what the publisher has counted its answers as
	returned int      // answers that the broker could bring to nobody
	died     int      // answers that were on their way to the publisher when the registrar was killed
}

func newAccounts() *accounts { return &accounts{fates: map[string]*fate{}} }

// with changes the account of a question, if it is one.
func (a *accounts) with(id string, f func(*fate)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t := a.fates[id]; t != nil {
		f(t)
	}
}

// open opens the account of a question, and close drops that of one which the broker has not taken.
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

// became takes note of what the registrar says has become of a message.
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
	_ = json.Unmarshal(body, &m) // rubbish has no account
	return m.ID
}

// kill takes note of the answers that a kill -9 takes along: whoever would have counted them is dead.
func (a *accounts) kill() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range a.fates {
		f.died = max(f.died, f.answered()-len(f.left))
	}
}

// dead says whether there is nobody who counts.
func (a *accounts) dead(over bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over = over
}

// answered is how often its flow has counted it as one that has an answer.
func (f *fate) answered() (n int) {
	for _, o := range f.ended {
		if !slices.Contains(unanswered(), o) {
			n++
		}
	}
	return n
}

// unanswered are the outcomes of a question in its flow that nobody hears an answer to; unsent are those of an answer.
func unanswered() []string { return []string{"late", "deadline_exceeded", "shed", "failed", "crashed"} }

func unsent() []string { return []string{"no_broker", "failed", "lost", "deadline_exceeded", "overloaded"} }

// explained reports whether something counted says why nobody has heard an answer.
func (f *fate) explained() bool {
	in := func(list []string) func(string) bool { return func(o string) bool { return slices.Contains(list, o) } }
	return f.returned > 0 || f.died > 0 || slices.ContainsFunc(f.ended, in(unanswered())) || slices.ContainsFunc(f.left, in(unsent()))
}

// audit checks the account of every question: it was answered, or is counted as one that was not, and each answer that is counted has left. Exact is for a
// registrar to which nothing is done that has it do something twice: then what was answered is counted as nothing else.
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

// isQuestion reports whether a message with this key has to be answered.
func isQuestion(key string) bool {
	return strings.HasPrefix(key, "authn.") || strings.HasPrefix(key, "registration.query.")
}
