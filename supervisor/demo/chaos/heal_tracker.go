package chaos

import (
	"slices"
	"sync"
	"time"
)

// Heal counts one fault and its times to recover.
type Heal struct {
	Fault Fault
	// Happened counts all occurrences. Measured counts those whose recovery was observed alone.
	Happened, Measured int
	// Lasted is the median duration of the cause: network away, broker or process down.
	Lasted time.Duration
	// Authn and Registration count from the injection until credentials were answered (or a
	// password could be set), and until registrations were stored and shown. A service that the
	// fault does not touch has zero.
	Authn, Registration Times
}

// Times are percentiles.
type Times struct{ P50, P99 time.Duration }

// service is the part of the registrar that a probe uses.
type service uint8

const (
	authns service = iota
	registrations
	services
)

// recovery is one fault after its recovery: the duration of its cause, and the time until each
// service worked; zero when it was not probed.
type recovery struct {
	lasted time.Duration
	took   [services]time.Duration
}

// window is a time with a fault.
type window struct {
	from, to time.Time // to is zero while it is open
}

// healTracker knows the present and past faults. It is safe for concurrent use.
type healTracker struct {
	mu           sync.Mutex
	windows      []window
	happens      map[Fault]int
	heal         map[Fault][]recovery
	globalFaults int // global faults under way
}

func newHealTracker() *healTracker {
	return &healTracker{happens: map[Fault]int{}, heal: map[Fault][]recovery{}}
}

// begin records that a fault begins and returns the function that records its end.
func (b *healTracker) begin(global bool) (overlapped bool, end func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := len(b.windows)
	b.windows = append(b.windows, window{from: time.Now()})
	overlapped = b.globalFaults > 0
	if global {
		b.globalFaults++
	}
	return overlapped, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.windows[i].to = time.Now()
		if global {
			b.globalFaults--
		}
	}
}

// globalFault reports whether a global fault is under way.
func (b *healTracker) globalFault() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.globalFaults > 0
}

// quiet reports whether no shared process had a fault between two times.
func (b *healTracker) quiet(from, to time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !slices.ContainsFunc(b.windows, func(w window) bool { return w.from.Before(to) && (w.to.IsZero() || w.to.After(from)) })
}

func (b *healTracker) happened(f Fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.happens[f]++
}

func (b *healTracker) healed(f Fault, h recovery) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heal[f] = append(b.heal[f], h)
}

// heals returns a line for each fault that has happened.
func (b *healTracker) heals() (all []Heal) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range Faults() {
		if b.happens[f] == 0 {
			continue
		}
		var took [services][]time.Duration
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
	at := func(q int) time.Duration { return all[max(0, (len(all)*q+99)/100-1)] } // nearest rank
	return Times{P50: at(50), P99: at(99)}
}
