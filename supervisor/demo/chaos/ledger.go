package chaos

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"registrar/actors/domain"
)

// Change is one value of a series: a reported contact, empty for an unregistration, or a
// password.
type Change struct {
	// ID is the Msg-ID of the report.
	ID, Value string
	// Called is the time of the first publish. Confirmed is the time of the broker's confirm.
	// From Settled on the change is certainly in effect; zero means perhaps not yet.
	Called, Confirmed, Settled time.Time
}

// Read is a reply with the value that it showed, empty for none.
type Read struct {
	Value            string
	Called, Returned time.Time
	// By names the reader.
	By string
}

// History is the changes of one value and its reads. The changes were made one after the other.
type History struct {
	Changes []Change
	Reads   []Read
}

// settled returns the index of the last change certainly in effect, -1 for none.
func (h *History) settled() int {
	for i, c := range slices.Backward(h.Changes) {
		if !c.Settled.IsZero() {
			return i
		}
	}
	return -1
}

// Ledger records the reports, confirms, settlements and replies of every user. It is safe for
// concurrent use. It grows by about 100 bytes per operation.
type Ledger struct {
	mu        sync.Mutex
	contacts  map[domain.Key]*History
	passwords map[domain.Key]*History
}

// NewLedger returns an empty ledger.
func NewLedger() *Ledger {
	return &Ledger{contacts: map[domain.Key]*History{}, passwords: map[domain.Key]*History{}}
}

func (l *Ledger) of(m map[domain.Key]*History, k domain.Key) *History {
	h := m[k]
	if h == nil {
		h = &History{}
		m[k] = h
	}
	return h
}

// Reporting records that a report is about to be published for the first time.
func (l *Ledger) Reporting(k domain.Key, id, contact string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.of(l.contacts, k)
	h.Changes = append(h.Changes, Change{ID: id, Value: contact, Called: at})
}

// Confirmed records that the broker has a user's last report.
func (l *Ledger) Confirmed(k domain.Key, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.of(l.contacts, k)
	h.Changes[len(h.Changes)-1].Confirmed = at
}

// Changing records that a password is about to be set.
func (l *Ledger) Changing(k domain.Key, password string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.of(l.passwords, k)
	h.Changes = append(h.Changes, Change{Value: password, Called: at})
}

// Changed records the end of [Ledger.Changing].
func (l *Ledger) Changed(k domain.Key, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.of(l.passwords, k)
	h.Changes[len(h.Changes)-1].Settled = at
}

// Shown records the contact that a reply showed.
func (l *Ledger) Shown(k domain.Key, r Read) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.of(l.contacts, k)
	h.Reads = append(h.Reads, r)
}

// Answered records the password that a reply showed.
func (l *Ledger) Answered(k domain.Key, r Read) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.of(l.passwords, k)
	h.Reads = append(h.Reads, r)
}

// Settle records that each report confirmed before a time is settled, except those left in the
// queue, by their IDs. It returns the number of newly settled reports.
func (l *Ledger) Settle(before time.Time, left map[string]bool) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, h := range l.contacts {
		for i := range h.Changes {
			c := &h.Changes[i]
			if c.Settled.IsZero() && !c.Confirmed.IsZero() && c.Confirmed.Before(before) && !left[c.ID] {
				c.Settled = before
				n++
			}
		}
	}
	return n
}

// Loss is a user whose registration is older than the settled one.
type Loss struct {
	// By names the check that found it.
	By  string
	Key domain.Key
	// Kept is the registration found. Settled, or a newer one, was expected.
	Kept, Settled string
}

// Lost compares the registrations found with the settled ones and records them as reads.
func (l *Ledger) Lost(by string, kept map[domain.Key]string, from, to time.Time) (lost []Loss) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, h := range l.contacts {
		h.Reads = append(h.Reads, Read{Value: kept[k], Called: from, Returned: to, By: by})
		if i := h.settled(); i >= 0 && !slices.ContainsFunc(h.Changes[i:], func(c Change) bool { return c.Value == kept[k] }) {
			lost = append(lost, Loss{By: by, Key: k, Kept: kept[k], Settled: h.Changes[i].Value})
		}
	}
	slices.SortFunc(lost, func(a, b Loss) int { return cmp.Compare(a.Key.String(), b.Key.String()) })
	return lost
}

// Newest returns the last report of each user, and the number of unconfirmed reports.
func (l *Ledger) Newest() (contacts map[domain.Key]string, unconfirmed int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	contacts = map[domain.Key]string{}
	for k, h := range l.contacts {
		if len(h.Changes) > 0 {
			contacts[k] = h.Changes[len(h.Changes)-1].Value
		}
		for _, c := range h.Changes {
			if c.Confirmed.IsZero() {
				unconfirmed++
			}
		}
	}
	return contacts, unconfirmed
}

// last returns the last report of a user.
func (l *Ledger) last(k domain.Key) Change {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.of(l.contacts, k); len(h.Changes) > 0 {
		return h.Changes[len(h.Changes)-1]
	}
	return Change{}
}

// beforeLast returns the report of a user before the last one.
func (l *Ledger) beforeLast(k domain.Key) Change {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.of(l.contacts, k); len(h.Changes) > 1 {
		return h.Changes[len(h.Changes)-2]
	}
	return Change{}
}

// seen reports whether a reply has shown a contact of a user.
func (l *Ledger) seen(k domain.Key, contact string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.of(l.contacts, k).Reads, func(r Read) bool { return r.Value == contact })
}
