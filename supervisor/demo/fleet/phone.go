package fleet

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// FirstUser is the name of a realm's first phone; the others count on from it.
const FirstUser = 1000

// UserOf returns the name of a realm's phone number i, from 0.
func UserOf(i int) string { return strconv.Itoa(FirstUser + i) }

// SettledWithin is how long a report may take, from the broker's confirm, to be what every query shows. It is far longer than a registrar with
// the machine to itself needs: broker, actors and connections may be killed meanwhile.
const SettledWithin = 20 * time.Second

// phone is one phone and what it last had its switch report. Between steps it belongs to its fleet.
type phone struct {
	realm, user string
	number      int
	moves       int
	// contact is the one last reported, empty when it has unregistered.
	contact string
	// before are those that were reported before it, oldest first, while a query may still show them truthfully.
	before []superseded
	// unknown says that a report failed: nobody knows which contact counts.
	unknown bool
}

// superseded is a contact, or an empty one, and when another report took its place.
type superseded struct {
	contact string
	at      time.Time
}

// stepKind is what a phone does next.
type stepKind uint8

const (
	refresh stepKind = iota
	move
	ask
	leave
)

// next decides what a phone does: it registers if it is not registered; else it mostly refreshes, and now and then moves, is asked for, or
// leaves.
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
		return ask
	}
	return leave
}

// elsewhere is a contact that the phone had never before. It is clean already, so that it is shown as it was reported.
func (p *phone) elsewhere() string {
	p.moves++
	return fmt.Sprintf("sip:%s@192.0.2.%d:%d;transport=udp", p.user, 1+p.number%250, 1024+p.moves)
}

// report takes note of what was reported. Of the contacts before it those remain that may not be settled yet.
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

// mayShow reports whether a query that was sent then may show a contact: the last one, or one that may not have been superseded yet for
// the registrar, which takes reports in its own time.
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
