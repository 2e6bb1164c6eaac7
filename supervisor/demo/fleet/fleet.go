package fleet

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"registrar/amqpbridge/client"
)

// FleetConfig says how many phones there are and what they do.
type FleetConfig struct {
	// Switch is what all phones are behind.
	Switch client.Client
	// Realms share the Phones evenly; a realm's users are named from [UserOf](0) on.
	Realms []string
	Phones int
	// Rate is how many steps begin a second, whether those before have ended or not; at most InFlight are under way, and a step that
	// cannot begin at its time is left out and counted. A step is an authn and a registration, a query, or an unregistration.
	Rate     float64
	InFlight int
	// Password returns what the registrar has to answer for a user; nil means that any will do.
	Password func(realm, user string) string
	// Lifetime is the lifetime of registrations; zero is an hour.
	Lifetime time.Duration
	// Timeout is how long the switch waits for an answer; zero is 2.5 s, as a proxy does.
	Timeout time.Duration
	// Seed decides the order of everything.
	Seed uint64
}

// Fleet is a number of phones behind one switch. Its methods are safe for use by many goroutines, but [Fleet.Run] runs once at a time.
type Fleet struct {
	cfg    FleetConfig
	meters map[Operation]*meter
	late   atomic.Uint64

	mu   sync.Mutex
	rand *rand.Rand
	idle []*phone
	all  []*phone
}

// NewFleet makes the phones; none is registered.
func NewFleet(cfg FleetConfig) *Fleet {
	if cfg.Lifetime == 0 {
		cfg.Lifetime = time.Hour
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 2500 * time.Millisecond
	}
	f := &Fleet{cfg: cfg, meters: map[Operation]*meter{}}
	f.rand = rand.New(rand.NewPCG(cfg.Seed, cfg.Seed)) //nolint:gosec // it has to be repeatable, not secret.
	for _, op := range Operations() {
		f.meters[op] = newMeter(op)
	}
	for i := range cfg.Phones {
		p := &phone{realm: cfg.Realms[i%len(cfg.Realms)], user: UserOf(i / len(cfg.Realms)), number: i}
		f.all = append(f.all, p)
	}
	f.idle = append(f.idle, f.all...)
	return f
}

// Run has the phones do their steps until ctx ends, and waits for those under way.
func (f *Fleet) Run(ctx context.Context) {
	var steps sync.WaitGroup
	defer steps.Wait()
	places := make(chan struct{}, f.cfg.InFlight)
	began := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for n := 0; ; n++ {
		due := began.Add(time.Duration(float64(n) / f.cfg.Rate * float64(time.Second)))
		timer.Reset(time.Until(due))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		select {
		case places <- struct{}{}:
		default:
			f.late.Add(1)
			continue
		}
		p, kind := f.take()
		if p == nil {
			<-places
			f.late.Add(1)
			continue
		}
		steps.Go(func() {
			f.step(context.WithoutCancel(ctx), p, kind, due)
			f.give(p)
			<-places
		})
	}
}

// take picks a phone with nothing to do, and what it does.
func (f *Fleet) take() (*phone, stepKind) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.idle) == 0 {
		return nil, 0
	}
	i, last := f.rand.IntN(len(f.idle)), len(f.idle)-1
	p := f.idle[i]
	f.idle[i] = f.idle[last]
	f.idle = f.idle[:last]
	return p, p.next(f.rand)
}

func (f *Fleet) give(p *phone) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.idle = append(f.idle, p)
}

// Registered counts the phones whose last report was a registration.
func (f *Fleet) Registered() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.idle {
		if p.contact != "" {
			n++
		}
	}
	return n
}

// Late counts the steps that could not begin at their time.
func (f *Fleet) Late() uint64 { return f.late.Load() }

// Interval returns the figures since the last call, Total those of the whole run.
func (f *Fleet) Interval() []Figures { return f.figures((*meter).interval) }

// Total returns the figures of the whole run.
func (f *Fleet) Total() []Figures { return f.figures((*meter).total) }

func (f *Fleet) figures(read func(*meter) Figures) []Figures {
	out := make([]Figures, 0, len(f.meters))
	for _, op := range Operations() {
		out = append(out, read(f.meters[op]))
	}
	return out
}

// String names the fleet in a line.
func (f *Fleet) String() string {
	return fmt.Sprintf("%d phones in %d realms", f.cfg.Phones, len(f.cfg.Realms))
}
