package chaos

import (
	"slices"
	"sync"
	"time"
)

// Heal is how often a fault has happened, and how long it took until all was well again.
type Heal struct {
	Fault Fault
	// Happened counts all; Measured are those of which it was seen that they healed, on their own.
	Happened, Measured int
	// Lasted is how long the cause itself was there, at the median: the network away, the broker or the process down.
	Lasted time.Duration
	// Authn and Registration count from the harm until credentials were answered (or a password could be set), and registrations stored and shown. What
	// the fault has nothing to do with is zero.
	Authn, Registration Times
}

// Times are percentiles.
type Times struct{ P50, P99 time.Duration }

// side is what of the registrar a probe asks for.
type side uint8

const (
	authns side = iota
	registrations
	sides
)

// healed is one fault that has healed: how long its cause lasted, and how long each side took; zero when it was not asked.
type healed struct {
	lasted time.Duration
	took   [sides]time.Duration
}

// window is a time in which something was wrong.
type window struct {
	from, to time.Time // to is zero while it is open
}

// board knows what is wrong, and what was. It is safe for use by many goroutines.
type board struct {
	mu       sync.Mutex
	windows  []window
	happens  map[Fault]int
	heal     map[Fault][]healed
	greatest int // how many that stop everything are under way
}

func newBoard() *board {
	return &board{happens: map[Fault]int{}, heal: map[Fault][]healed{}}
}

// begin notes that something is wrong from now on, and returns what is to be called when it is not any more.
func (b *board) begin(great bool) (amid bool, end func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := len(b.windows)
	b.windows = append(b.windows, window{from: time.Now()})
	amid = b.greatest > 0
	if great {
		b.greatest++
	}
	return amid, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.windows[i].to = time.Now()
		if great {
			b.greatest--
		}
	}
}

// great reports whether anything that stops everything is under way.
func (b *board) great() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.greatest > 0
}

// calm reports whether nothing that many stand on was wrong at any time between two.
func (b *board) calm(from, to time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !slices.ContainsFunc(b.windows, func(w window) bool { return w.from.Before(to) && (w.to.IsZero() || w.to.After(from)) })
}

func (b *board) happened(f Fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.happens[f]++
}

func (b *board) healed(f Fault, h healed) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heal[f] = append(b.heal[f], h)
}

// heals returns a line for each fault that has happened.
func (b *board) heals() (all []Heal) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range Faults() {
		if b.happens[f] == 0 {
			continue
		}
		var took [sides][]time.Duration
		var lasted []time.Duration
		for _, h := range b.heal[f] {
			lasted = append(lasted, h.lasted)
			for s, d := range h.took {
				if d > 0 {
					took[s] = append(took[s], d)
				}
			}
		}
		all = append(all, Heal{
			Fault: f, Happened: b.happens[f], Measured: len(b.heal[f]), Lasted: percentiles(lasted).P50,
			Authn: percentiles(took[authns]), Registration: percentiles(took[registrations]),
		})
	}
	return all
}

func percentiles(all []time.Duration) Times {
	if len(all) == 0 {
		return Times{}
	}
	all = slices.Sorted(slices.Values(all))
	at := func(q int) time.Duration { return all[max(0, (len(all)*q+99)/100-1)] } // the nearest rank
	return Times{P50: at(50), P99: at(99)}
}
