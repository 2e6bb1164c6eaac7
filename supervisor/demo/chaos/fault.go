package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Fault is a kind of harm.
type Fault string

// The faults: those of single actors, at a steady rate; those that many stand on, now and then; and those that stop everything, one after the other.
const (
	KillUser       Fault = "a user's actor killed"
	KillRealm      Fault = "a realm's actor killed"
	KillWriter     Fault = "a file's writer killed"
	KillBridge     Fault = "a part of the bridge killed"
	KillSupervisor Fault = "a supervisor killed"
	// Overlapped are those of the last three that came while one of the following was under way.
	Overlapped   Fault = "one of these, amid one below"
	CutNetwork   Fault = "network cut for 1 to 3 s"
	SlowNetwork  Fault = "network slow (0.2 s each way) for 5 s"
	HalfOpen     Fault = "connections half-open for good"
	KillBroker   Fault = "broker kill -9, restarted"
	KillProcess  Fault = "registrar kill -9, restarted"
	StallProcess Fault = "the same with its disk stalled, audited"
)

// Faults lists all of them, in the order in which they are shown.
func Faults() []Fault {
	return append([]Fault{KillUser, KillRealm, KillWriter, KillBridge, KillSupervisor, Overlapped}, Great()...)
}

// Great lists those that stop everything.
func Great() []Fault {
	return []Fault{CutNetwork, SlowNetwork, HalfOpen, KillBroker, KillProcess, StallProcess}
}

// harm is one fault that is about to happen.
type harm struct {
	fault Fault
	what  string // it happens to
	// prepare, hurt and mend follow each other; the time to heal counts from hurt on. All but hurt may be nil.
	prepare, hurt, mend func(context.Context) error
	probes              []probe
}

const (
	slowBy  = 200 * time.Millisecond
	slowFor = 5 * time.Second
	stall   = 1500 * time.Millisecond // of a disk before the kill -9: long enough for many reports to come meanwhile
)

// great returns the next harm of a kind that stops everything.
func (r *run) great(f Fault, rng *rand.Rand) *harm {
	h := &harm{fault: f, what: "everything", probes: r.all()}
	switch f {
	case CutNetwork, SlowNetwork, HalfOpen:
		r.harmNetwork(h, time.Second+time.Duration(rng.Int64N(int64(2*time.Second))))
	case KillBroker:
		h.hurt = func(context.Context) error { r.node.Kill(); return nil }
		h.mend = r.node.Restart
	case KillProcess, StallProcess:
		r.harmProcess(h)
	default:
		panic("not a great fault: " + f)
	}
	return h
}

// harmNetwork has something happen to the way to the broker; a cut has a length.
func (r *run) harmNetwork(h *harm, length time.Duration) {
	switch h.fault {
	case CutNetwork:
		h.hurt = func(context.Context) error { r.net.cut(); return nil }
		h.mend = func(ctx context.Context) error {
			pause(ctx, length)
			return r.net.mend()
		}
	case SlowNetwork:
		h.prepare = r.net.heal
		h.hurt = func(context.Context) error { return r.net.slow(slowBy) }
		h.mend = func(ctx context.Context) error {
			pause(ctx, slowFor)
			return r.net.heal(ctx)
		}
	default:
		h.hurt = r.net.forget
	}
}

// harmProcess has the registrar killed; after its disk has stalled for a while, its file is audited before it is started again.
func (r *run) harmProcess(h *harm) {
	h.hurt = func(context.Context) error { r.proc.kill(); return nil }
	if h.fault == KillProcess {
		h.prepare, h.mend = r.counters.read, r.proc.start
		return
	}
	h.prepare = func(ctx context.Context) error {
		err := r.proc.client.Control(ctx, "suspend", registrationsWriter)
		pause(ctx, stall)
		return errors.Join(err, r.counters.read(ctx)) // what it has not said it takes with it
	}
	h.mend = func(ctx context.Context) error {
		if err := r.audit(ctx, time.Now()); err != nil {
			return fmt.Errorf("audit: %w", err)
		}
		return r.proc.start(ctx)
	}
}

// pause waits, until ctx ends at most.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
