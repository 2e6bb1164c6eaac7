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

// Config configures a fleet.
type Config struct {
	// Switch sends the messages of all phones.
	Switch client.Client
	// Realms share the Phones evenly. The users of a realm are named from [UserOf](0) on.
	Realms []string
	Phones int
	// Rate is the number of steps that begin per second, whether earlier steps have ended or not.
	// At most InFlight steps are under way; a step that cannot begin on time is left out and
	// counted. A step is an authn and a registration, a query, or an unregistration.
	Rate     float64
	InFlight int
	// Password returns the expected password of a user; nil accepts any.
	Password func(realm, user string) string
	// Lifetime is the lifetime of registrations; zero is an hour.
	Lifetime time.Duration
	// Timeout is the wait for a reply; zero is 2.5 s, as in a proxy.
	Timeout time.Duration
	// Seed decides the order of all steps.
	Seed uint64
}

// Fleet is a number of phones behind one switch. Its methods are safe for concurrent use, but
// only one [Fleet.Run] runs at a time.
type Fleet struct {
	cfg    Config
	meters map[Operation]*meter
	late   atomic.Uint64

	mu   sync.Mutex
	rand *rand.Rand
	idle []*phone
	all  []*phone
}

// New makes the phones; none is registered.
func New(cfg Config) *Fleet {
	if cfg.Lifetime == 0 {
		cfg.Lifetime = time.Hour
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 2500 * time.Millisecond
	}
	f := &Fleet{cfg: cfg, meters: map[Operation]*meter{}}
	f.rand = rand.New(rand.NewPCG(cfg.Seed, cfg.Seed)) //nolint:gosec // it must be repeatable, not secret
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

// Run lets the phones take steps until ctx ends, and waits for the last ones.
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
			f.putBack(p)
			<-places
		})
	}
}

// take picks an idle phone and its next step.
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

func (f *Fleet) putBack(p *phone) {
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

// Late counts the steps that could not begin on time.
func (f *Fleet) Late() uint64 { return f.late.Load() }

// Interval returns the figures since the last call.
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

// String describes the fleet in one line.
func (f *Fleet) String() string {
	return fmt.Sprintf("%d phones in %d realms", f.cfg.Phones, len(f.cfg.Realms))
}
