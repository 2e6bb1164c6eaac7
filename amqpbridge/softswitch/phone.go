package softswitch

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

// FirstUser is the name of a realm's first phone; the others count on from it.
const FirstUser = 1000

// UserOf returns the name of a realm's phone number i, from 0.
func UserOf(i int) string { return strconv.Itoa(FirstUser + i) }

// phone is one phone and what it last had its switch report. Between steps it belongs to its fleet.
type phone struct {
	realm, user string
	number      int
	moves       int
	// contact is the one last reported, empty when it has unregistered; before is the one before that. A query that comes before the
	// report is settled may truthfully show it.
	contact, before string
	// unknown says that a report failed: nobody knows which contact counts.
	unknown bool
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

// report takes note of what was reported.
func (p *phone) report(contact string) { p.before, p.contact = p.contact, contact }
