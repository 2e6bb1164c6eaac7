package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Fault is a kind of fault.
type Fault string

// The faults: those of single actors at a steady rate, those of shared processes now and then,
// and global ones, one after the other.
const (
	KillUser       Fault = "a user's actor killed"
	KillRealm      Fault = "a realm's actor killed"
	KillWriter     Fault = "a file's writer killed"
	KillBridge     Fault = "a part of the bridge killed"
	KillSupervisor Fault = "a supervisor killed"
	// Overlapped are faults of shared processes that happened during a global fault.
	Overlapped   Fault = "one of these during one below"
	CutNetwork   Fault = "network cut for 1 to 3 s"
	SlowNetwork  Fault = "network slow (0.2 s each way) for 5 s"
	HalfOpen     Fault = "connections half-open for good"
	KillBroker   Fault = "broker kill -9, restarted"
	KillProcess  Fault = "registrar kill -9, restarted"
	StallProcess Fault = "the same after a disk stall, audited"
)

// Faults lists all faults in the order of the report.
func Faults() []Fault {
	return append([]Fault{KillUser, KillRealm, KillWriter, KillBridge, KillSupervisor, Overlapped}, GlobalFaults()...)
}

// GlobalFaults lists the faults that stop everything.
func GlobalFaults() []Fault {
	return []Fault{CutNetwork, SlowNetwork, HalfOpen, KillBroker, KillProcess, StallProcess}
}

// injection is one fault about to happen.
type injection struct {
	fault  Fault
	target string // process or system with the fault
	// prepare, inject and end follow each other; the time to recover counts from inject. All but
	// inject may be nil.
	prepare, inject, end func(context.Context) error
	probes               []probe
}

const (
	slowBy  = 200 * time.Millisecond
	slowFor = 5 * time.Second
	stall   = 1500 * time.Millisecond // of the disk before the kill -9: long enough for many reports to arrive
)

// global returns the next injection of a global fault.
func (r *run) global(f Fault, rng *rand.Rand) *injection {
	h := &injection{fault: f, target: "everything", probes: r.allProbes()}
	switch f {
	case CutNetwork, SlowNetwork, HalfOpen:
		r.injectNetwork(h, time.Second+time.Duration(rng.Int64N(int64(2*time.Second))))
	case KillBroker:
		h.inject = func(context.Context) error { r.node.Kill(); return nil }
		h.end = r.node.Restart
	case KillProcess, StallProcess:
		r.injectProcess(h)
	default:
		panic("not a global fault: " + f)
	}
	return h
}

// injectNetwork breaks the connection to the broker; length is the duration of a cut.
func (r *run) injectNetwork(h *injection, length time.Duration) {
	switch h.fault {
	case CutNetwork:
		h.inject = func(context.Context) error { r.net.cut(); return nil }
		h.end = func(ctx context.Context) error {
			pause(ctx, length)
			return r.net.mend()
		}
	case SlowNetwork:
		h.prepare = r.net.heal
		h.inject = func(context.Context) error { return r.net.slow(slowBy) }
		h.end = func(ctx context.Context) error {
			pause(ctx, slowFor)
			return r.net.heal(ctx)
		}
	default:
		h.inject = r.net.forget
	}
}

// injectProcess kills the registrar. After a disk stall its file is audited before the restart.
func (r *run) injectProcess(h *injection) {
	h.inject = func(context.Context) error { r.proc.kill(); return nil }
	if h.fault == KillProcess {
		h.prepare, h.end = r.counters.read, r.proc.start
		return
	}
	h.prepare = func(ctx context.Context) error {
		err := r.proc.client.Control(ctx, "suspend", registrationsWriter)
		pause(ctx, stall)
		return errors.Join(err, r.counters.read(ctx)) // the kill loses all later counts
	}
	h.end = func(ctx context.Context) error {
		if err := r.audit(ctx, time.Now()); err != nil {
			return fmt.Errorf("audit: %w", err)
		}
		return r.proc.start(ctx)
	}
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
