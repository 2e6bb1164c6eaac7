package otp

import (
	"fmt"
	"time"
)

// Restart says when a child that has ended is started again.
type Restart uint8

// The restart types of OTP.
const (
	// Permanent children are always started again.
	Permanent Restart = iota
	// Transient children are started again after an abnormal end, see [Reason.IsAbnormal].
	Transient
	// Temporary children are never started again.
	Temporary
)

// Strategy says which children are restarted when one has crashed.
type Strategy uint8

// The strategies of OTP.
const (
	// OneForOne restarts the one that has crashed.
	OneForOne Strategy = iota
	// OneForAll restarts all: the others are stopped in reverse order first.
	OneForAll
	// RestForOne restarts the one that has crashed and those started after it.
	RestForOne
)

// Stop timeouts in place of a duration, for [ChildSpec.Shutdown].
const (
	// BrutalKill abandons the child at once.
	BrutalKill = time.Duration(-1)
	// Infinity waits for ever: for supervisors, whose children have timeouts of their own.
	Infinity = time.Duration(-2)
)

const defaultShutdown = 5 * time.Second

// ChildSpec declares one child of a supervisor.
type ChildSpec struct {
	// ID names the child among its siblings.
	ID    string
	Start Starter
	// Restart is [Permanent] unless said otherwise.
	Restart Restart
	// Shutdown is how long the child may take to stop before it is abandoned. Zero is five seconds for a worker and [Infinity] for a
	// supervisor.
	Shutdown time.Duration
	// Significant children decide about their supervisor, see [SupSpec.AutoShutdown]. A permanent child cannot be one.
	Significant bool
}

// AutoShutdown says when a supervisor shuts itself down because of children that have ended by themselves.
type AutoShutdown uint8

// The kinds of auto_shutdown in OTP. A transient child has ended by itself when it ends normally, a temporary one however it ends; being
// terminated by an operator or by its supervisor does not count.
const (
	// NeverShutdown is the default.
	NeverShutdown AutoShutdown = iota
	// AnySignificant shuts down when one significant child has ended.
	AnySignificant
	// AllSignificant shuts down when the last of the significant children has ended.
	AllSignificant
)

// SupSpec declares a supervisor. It gives up when there are more than Intensity restarts within Period: it stops its children
// in reverse order and exits, and its own supervisor decides (OTP: maximum restart intensity). The zero Period is five
// seconds; the zero Intensity means that the first crash is one too many.
type SupSpec struct {
	Strategy     Strategy
	Intensity    int
	Period       time.Duration
	AutoShutdown AutoShutdown
	// Backoff delays restarts; nil does not, as in OTP.
	Backoff  *Backoff
	Children []ChildSpec
}

// Starter is what a child is made of: a [Worker] or a [Supervisor].
type Starter struct {
	name  func(parent, id string) string
	body  func(name string, up parent) body
	isSup bool
	check func() error
}

// Worker is a process whose behaviour is made anew for each incarnation and that is reached through ref.
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

// Supervisor is a supervisor under a supervisor.
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

// validate refuses what OTP refuses, by name.
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
		return badSpecError("back-off with a first delay of nothing, a last one before the first, or a jitter outside 0 to 1")
	}
	seen := map[string]bool{}
	for _, c := range s.Children {
		switch {
		case c.ID == "":
			return badSpecError("child without id")
		case seen[c.ID]:
			return badSpecError("duplicate child " + c.ID)
		case c.Start.body == nil:
			return badSpecError("child " + c.ID + " without start")
		case c.Restart > Temporary:
			return badSpecError("child " + c.ID + " with an unknown restart type")
		case c.Significant && c.Restart == Permanent:
			return badSpecError("child " + c.ID + " is significant and permanent")
		case c.Significant && s.AutoShutdown == NeverShutdown:
			return badSpecError("child " + c.ID + " is significant to a supervisor that does not care")
		case c.Shutdown < Infinity:
			return badSpecError("child " + c.ID + " with an unknown shutdown")
		}
		seen[c.ID] = true
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

// window is OTP's restart arithmetic: one for a supervisor, or for a child of a family.
type window struct{ at []time.Duration }

// add books a restart at now and reports whether there were more than intensity within period.
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
