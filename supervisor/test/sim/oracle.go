package sim

import (
	"fmt"
	"strings"
	"time"

	"registrar/actors/domain"
	"registrar/actors/sip"
)

// report is a reg_success or reg_flush that a client has made.
type report struct {
	n       int
	key     domain.Key
	node    string
	contact string // cleaned, see sip.CleanContact
	ends    bool
	flush   bool  // a reg_flush
	event   int64 // seconds, on a clock that is right
	expires time.Duration
	body    []byte
	digest  domain.Digest
	sent    int // times it was published
	acked   bool
	ackedAt time.Time
	called  int // step of the first publish; settled is that of the acknowledgement
	settled int
}

// deadline is the earliest end of the registration, on the right clock. late is the latest: a
// report of an unknown sender counts from its arrival.
func (r *report) deadline() time.Time { return time.Unix(r.event, 0).Add(r.expires) }

func (r *report) late() time.Time { return r.ackedAt.Add(r.expires) }

// slack is the tolerance of deadline checks: event times have whole seconds.
const slack = 5 * time.Second

// oracle knows all reports, and which statements about the registrar they imply.
type oracle struct {
	w        *World
	reports  []*report
	byDigest map[domain.Digest]*report
	fixed    map[domain.Digest]time.Time // the deadline with which a report was first committed
	// Violations are the broken promises. Script lists the actions on the registrar.
	Violations []string
	Script     []string
}

func newOracle(w *World) *oracle {
	return &oracle{w: w, byDigest: map[domain.Digest]*report{}, fixed: map[domain.Digest]time.Time{}}
}

// note adds a line to the script.
func (o *oracle) note(format string, args ...any) {
	o.Script = append(o.Script, fmt.Sprintf("%6d %s  ", o.w.Steps, time.Now().UTC().Format("15:04:05.000"))+fmt.Sprintf(format, args...))
}

func (o *oracle) fail(format string, args ...any) {
	o.Violations = append(o.Violations, fmt.Sprintf("step %d: ", o.w.Steps)+fmt.Sprintf(format, args...))
	o.note("NOT TRUE: "+format, args...)
}

// committed checks that a deadline is fixed once and that a record holds one user's reports.
func (o *oracle) committed(_, after domain.Record) {
	for _, b := range after.Bindings {
		r := o.byDigest[b.Digest]
		switch was, ok := o.fixed[b.Digest]; {
		case r == nil:
			o.fail("a binding of %v stands for no report", after.Key)
		case r.key != after.Key:
			o.fail("a report about %v is in the record of %v", r.key, after.Key)
		case !ok:
			o.fixed[b.Digest] = b.Deadline
		case !was.Equal(b.Deadline):
			o.fail("the deadline of report %d was %v and is now %v", r.n, was, b.Deadline)
		}
	}
}

// acked checks that an acknowledged report, or a newer one, is on disk.
func (o *oracle) acked(queue string, body []byte) {
	if !strings.Contains(queue, "registrations") {
		o.w.requestLog.settled(body)
		return
	}
	r := o.byDigest[domain.DigestOf(body)]
	if r == nil {
		return
	}
	o.note("report %d is acknowledged", r.n)
	if !r.acked {
		r.acked, r.settled, r.ackedAt = true, o.w.Steps, time.Now()
	}
	rec := o.w.Store.Record(r.key)
	for _, b := range rec.Bindings {
		known := o.byDigest[b.Digest]
		if b.Digest == r.digest || known != nil && known.event > r.event {
			return
		}
	}
	for _, t := range rec.Tombstones {
		by := o.byDigest[t.Digest]
		if t.Digest == r.digest || t.RemovedDigest == r.digest || by != nil && by.event > r.event {
			return
		}
	}
	now := o.w.clock.Now().Add(-o.w.clock.step)
	switch {
	case !r.ends && !now.Before(r.deadline().Add(-slack)): // it had ended before it arrived
	case r.flush && len(rec.Bindings) == 0, r.ends && !r.flush && !o.holds(rec, r.contact): // nothing to remove
	default:
		o.fail("report %d (%s %v) is acknowledged and not on disk", r.n, r.verb(), r.key)
	}
}

func (r *report) verb() string {
	if r.ends {
		return "unregister"
	}
	return "register"
}

func (o *oracle) holds(rec domain.Record, contact string) bool {
	for _, b := range rec.Bindings {
		if sip.SameContact(b.Contact, contact) {
			return true
		}
	}
	return false
}

// winner returns the newest report about a user, nil when there is none.
func (o *oracle) winner(k domain.Key) (last *report) {
	for _, r := range o.reports {
		if r.key == k && r.sent > 0 && (last == nil || r.event > last.event) {
			last = r
		}
	}
	return last
}

// shown checks the reply to a query at a quiet moment.
func (o *oracle) shown(k domain.Key, contacts []string) {
	now := o.w.clock.Now().Add(-o.w.clock.step)
	last := o.winner(k)
	switch {
	case len(contacts) > 1:
		o.fail("%v has %d contacts", k, len(contacts))
	case last == nil || last.ends:
		if len(contacts) != 0 {
			o.fail("%v is shown at %s and has gone", k, contacts[0])
		}
	case now.After(last.late().Add(slack)):
		if len(contacts) != 0 {
			o.fail("%v is shown at %v and has ended at %v", k, now, last.late())
		}
	case now.Before(last.deadline().Add(-slack)):
		if len(contacts) != 1 || contacts[0] != last.contact {
			o.fail("%v is shown as %v and is at %s until %v (report %d)", k, contacts, last.contact, last.deadline(), last.n)
		}
	}
}
