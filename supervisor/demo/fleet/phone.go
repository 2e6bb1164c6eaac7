package fleet

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// FirstUser is the user of a realm's first phone; the others count on from it.
const FirstUser = 1000

// UserOf returns the user of a realm's phone number i, from 0.
func UserOf(i int) string { return strconv.Itoa(FirstUser + i) }

// SettledWithin bounds the time from the broker's confirm of a report until every query shows it.
// It is far longer than an idle registrar needs: broker, actors and connections may be killed
// meanwhile.
const SettledWithin = 20 * time.Second

// phone is a phone and its last reports. Between steps it belongs to its fleet.
type phone struct {
	realm, user string
	number      int
	moves       int
	// contact is the last one reported, empty after an unregistration.
	contact string
	// before are earlier contacts, oldest first, that a true reply may still show.
	before []superseded
	// unknown says that a report failed, so that its outcome is unknown.
	unknown bool
}

// superseded is a contact, empty for none, and the time of the report that replaced it.
type superseded struct {
	contact string
	at      time.Time
}

// stepKind is the kind of a step.
type stepKind uint8

const (
	refresh stepKind = iota
	move
	query
	unregister
)

// next decides the next step. An unregistered phone registers; a registered one mostly refreshes,
// and sometimes moves, is queried, or unregisters.
func (p *phone) next(r *rand.Rand) stepKind {
	if p.contact == "" {
		return move
	}
	switch n := r.IntN(100); {
	case n < 55:
		return refresh
	case n < 70:
		return move
	case n < 95:
		return query
	}
	return unregister
}

// newContact returns a contact that the phone never had. It is clean, so replies show it as
// reported.
func (p *phone) newContact() string {
	p.moves++
	return fmt.Sprintf("sip:%s@192.0.2.%d:%d;transport=udp", p.user, 1+p.number%250, 1024+p.moves)
}

// report records a report. It keeps the earlier contacts that may not be settled yet.
func (p *phone) report(contact string, now time.Time) {
	if contact == p.contact {
		return
	}
	old := 0
	for old < len(p.before) && now.Sub(p.before[old].at) > SettledWithin {
		old++
	}
	p.before = append(p.before[old:], superseded{p.contact, now})
	p.contact = contact
}

// mayShow reports whether a reply to a query sent at a time may show a contact: the last one, or
// one that the registrar may not have replaced yet.
func (p *phone) mayShow(contact string, sent time.Time) bool {
	if p.unknown || contact == p.contact {
		return true
	}
	for _, b := range p.before {
		if b.contact == contact && sent.Sub(b.at) <= SettledWithin {
			return true
		}
	}
	return false
}
