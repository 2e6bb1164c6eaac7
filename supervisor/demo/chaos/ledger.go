package chaos

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"registrar/actors/domain"
)

// Change is one of the values that something had, one after the other: a contact that was reported, empty when the phone has gone, or a password that
// was set.
type Change struct {
	// ID names the message that said so.
	ID, Value string
	// Called is when it was said first, Settled from when on it counts for sure; zero is: perhaps not yet. Confirmed is when the broker had it.
	Called, Confirmed, Settled time.Time
}

// Read is an answer: the value that was shown. An empty one says that there is none.
type Read struct {
	Value            string
	Called, Returned time.Time
	// By says who has read.
	By string
}

// History is what was said and shown about one thing. Its changes were made one after the other.
type History struct {
	Changes []Change
	Reads   []Read
}

// settled is the last change that counts for sure, -1 when there is none.
func (h *History) settled() int {
	for i, c := range slices.Backward(h.Changes) {
		if !c.Settled.IsZero() {
			return i
		}
	}
	return -1
}

// Ledger remembers what was reported, confirmed, settled and answered, about every user. It is safe for use by many goroutines. It grows with the
// run: about 100 bytes an operation.
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

// Reporting notes that a report is about to be published for the first time.
func (l *Ledger) Reporting(k domain.Key, id, contact string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.of(l.contacts, k)
	h.Changes = append(h.Changes, Change{ID: id, Value: contact, Called: at})
}

// Confirmed notes that the broker has a user's last report.
func (l *Ledger) Confirmed(k domain.Key, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.of(l.contacts, k)
	h.Changes[len(h.Changes)-1].Confirmed = at
}

// Changing notes that a password is about to be set, Changed that it was.
func (l *Ledger) Changing(k domain.Key, password string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.of(l.passwords, k)
	h.Changes = append(h.Changes, Change{Value: password, Called: at})
}

// Changed is the end of [Ledger.Changing].
func (l *Ledger) Changed(k domain.Key, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.of(l.passwords, k)
	h.Changes[len(h.Changes)-1].Settled = at
}

// Shown notes which contact was shown of a user, Answered which password.
func (l *Ledger) Shown(k domain.Key, r Read) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.of(l.contacts, k)
	h.Reads = append(h.Reads, r)
}

// Answered is [Ledger.Shown] for a password.
func (l *Ledger) Answered(k domain.Key, r Read) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.of(l.passwords, k)
	h.Reads = append(h.Reads, r)
}

// Settle notes that every report that was confirmed before a time is settled, but for those that are left, by their names: they stand in the queue. It
// returns how many were settled that were not before.
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

// Loss is a user of whom less is kept than was settled.
type Loss struct {
	// By says where it was looked.
	By  string
	Key domain.Key
	// Kept is what is there, Settled what has to be, or anything newer.
	Kept, Settled string
}

// Lost compares what is kept of everybody with what was settled, and notes it as read.
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

// Newest returns the last report of everybody, and how many of all were never confirmed.
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

// seen reports whether a contact of a user has been shown.
func (l *Ledger) seen(k domain.Key, contact string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.of(l.contacts, k).Reads, func(r Read) bool { return r.Value == contact })
}
