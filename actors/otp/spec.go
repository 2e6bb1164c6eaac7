package otp

import (
	"fmt"
	"time"
)

// Restart is the restart type of a child.
type Restart uint8

// The restart types of OTP.
const (
	// Permanent children are always restarted.
	Permanent Restart = iota
	// Transient children are restarted after an abnormal end, see [Reason.IsAbnormal].
	Transient
	// Temporary children are never restarted.
	Temporary
)

// Strategy selects the children to restart after a crash.
type Strategy uint8

// The strategies of OTP.
const (
	// OneForOne restarts the crashed child.
	OneForOne Strategy = iota
	// OneForAll stops all children in reverse order and restarts them.
	OneForAll
	// RestForOne restarts the crashed child and those started after it.
	RestForOne
)

// Special values of [ChildSpec.Shutdown].
const (
	// BrutalKill abandons the child at once.
	BrutalKill = time.Duration(-1)
	// Infinity waits without limit. It is for supervisors: their children have limits of their
	// own.
	Infinity = time.Duration(-2)
)

const defaultShutdown = 5 * time.Second

// ChildSpec declares one child of a supervisor.
type ChildSpec struct {
	// ID identifies the child among its siblings.
	ID      string
	Start   Starter
	Restart Restart
	// Shutdown is the time to stop before the child is abandoned. Zero means five seconds for a
	// worker and [Infinity] for a supervisor, as in OTP.
	Shutdown time.Duration
	// Significant children can end their supervisor, see [SupSpec.AutoShutdown]. A permanent child
	// cannot be significant.
	Significant bool
}

// AutoShutdown says whether the end of significant children ends their supervisor.
type AutoShutdown uint8

// The kinds of auto_shutdown in OTP. The normal exit of a transient child counts, and any exit of
// a temporary one. A child terminated by an operator or its supervisor does not count.
const (
	// NeverShutdown is the default.
	NeverShutdown AutoShutdown = iota
	// AnySignificant shuts down after the end of one significant child.
	AnySignificant
	// AllSignificant shuts down after the end of the last significant child.
	AllSignificant
)

// SupSpec declares a supervisor. With more than Intensity restarts within Period it gives up: it
// stops its children in reverse order and exits, and its own supervisor decides (OTP: maximum
// restart intensity). A zero Period means five seconds, as in OTP. A zero Intensity allows no
// restart.
type SupSpec struct {
	Strategy     Strategy
	Intensity    int
	Period       time.Duration
	AutoShutdown AutoShutdown
	// Backoff delays restarts; nil restarts at once, as in OTP.
	Backoff  *Backoff
	Children []ChildSpec
}

// Starter makes the process of a child: a [Worker] or a [Supervisor].
type Starter struct {
	name  func(parent, id string) string
	body  func(name string, up parent) body
	isSup bool
	check func() error
}

// Worker makes a process that ref addresses. Behaviour is called for each incarnation.
func Worker[M any](ref *Ref[M], behaviour func() Behaviour[M]) Starter {
	return Starter{
		name: func(string, string) string { return ref.name },
		body: func(_ string, up parent) body { return &typed[M]{ref: ref, factory: behaviour, parent: up} },
		check: func() error {
			if ref == nil || behaviour == nil {
				return badSpecError("worker without address or behaviour")
			}
			return nil
		},
	}
}

// Supervisor makes a supervisor below another one.
func Supervisor(spec SupSpec) Starter {
	return Starter{
		name:  func(parent, id string) string { return parent + "/" + id },
		body:  func(name string, up parent) body { return &sup{name: name, spec: spec, parent: up} },
		isSup: true,
		check: spec.validate,
	}
}

type badSpecError string

func (e badSpecError) Error() string { return "bad spec: " + string(e) }

// validate rejects the specs that OTP rejects, and names the fault.
func (s SupSpec) validate() error {
	if s.Intensity < 0 || s.Period < 0 {
		return badSpecError("negative intensity or period")
	}
	if s.Strategy > RestForOne {
		return badSpecError("unknown strategy")
	}
	if s.AutoShutdown > AllSignificant {
		return badSpecError("unknown auto-shutdown")
	}
	if b := s.Backoff; b != nil && (b.Initial <= 0 || b.Max < b.Initial || b.Jitter < 0 || b.Jitter > 1) {
		return badSpecError("back-off needs 0 < Initial <= Max and 0 <= Jitter <= 1")
	}
	ids := map[string]bool{}
	for _, c := range s.Children {
		switch {
		case c.ID == "":
			return badSpecError("child without id")
		case ids[c.ID]:
			return badSpecError("duplicate child " + c.ID)
		case c.Start.body == nil:
			return badSpecError("child " + c.ID + " without start")
		case c.Restart > Temporary:
			return badSpecError("child " + c.ID + " with an unknown restart type")
		case c.Significant && c.Restart == Permanent:
			return badSpecError("child " + c.ID + " is significant and permanent")
		case c.Significant && s.AutoShutdown == NeverShutdown:
			return badSpecError("child " + c.ID + " is significant, but its supervisor has no auto-shutdown")
		case c.Shutdown < Infinity:
			return badSpecError("child " + c.ID + " with an unknown shutdown")
		}
		ids[c.ID] = true
		if err := c.Start.check(); err != nil {
			return fmt.Errorf("child %s: %w", c.ID, err)
		}
	}
	return nil
}

func (c *ChildSpec) shutdown() time.Duration {
	switch {
	case c.Shutdown != 0:
		return c.Shutdown
	case c.Start.isSup:
		return Infinity
	}
	return defaultShutdown
}

func (s SupSpec) period() time.Duration {
	if s.Period == 0 {
		return 5 * time.Second
	}
	return s.Period
}

// window is the restart intensity of OTP, for a supervisor or one dynamic child.
type window struct{ at []time.Duration }

// add adds a restart at now and reports whether more than intensity are within period.
func (w *window) add(now, period time.Duration, intensity int) bool {
	kept := w.at[:0]
	for _, t := range w.at {
		if now-t <= period {
			kept = append(kept, t)
		}
	}
	w.at = append(kept, now)
	return len(w.at) > intensity
}
