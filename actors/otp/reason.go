package otp

import (
	"errors"
	"fmt"

	"registrar/actors/trace"
)

// ReasonKind is the kind of a [Reason].
type ReasonKind uint8

// The kinds of exit reason, as in OTP.
const (
	// ExitNormal is a process that has done what it was there for.
	ExitNormal ReasonKind = iota
	// ExitShutdown is a process that was told to stop, possibly with a term.
	ExitShutdown
	// ExitCrash is a panic, a runtime.Goexit or a failed Init.
	ExitCrash
	// ExitKilled is a process that was abandoned because it did not stop in time, or on purpose.
	ExitKilled
)

// Reason says why a process or one of its incarnations ended.
type Reason struct {
	Kind ReasonKind
	// Term is what was given to [ShutdownWith], the panic's value, or the error of Init.
	Term any
	// Stack is the stack of a crash, and Message the type of the message that was in hand.
	Stack   []byte
	Message string
	// MessageID is that message's id, and State what a [Stater] showed right after the crash.
	MessageID trace.ID
	State     any
}

// The reasons without a term.
var (
	Normal   = Reason{Kind: ExitNormal}   //nolint:gochecknoglobals // a constant in all but type.
	Shutdown = Reason{Kind: ExitShutdown} //nolint:gochecknoglobals // a constant in all but type.
	Killed   = Reason{Kind: ExitKilled}   //nolint:gochecknoglobals // a constant in all but type.
)

// ShutdownWith is {shutdown, Term} of OTP.
func ShutdownWith(term any) Reason { return Reason{Kind: ExitShutdown, Term: term} }

// IsAbnormal reports whether a transient child is restarted after it: true for a crash and a kill (OTP: any reason but
// normal, shutdown and {shutdown, Term}).
func (r Reason) IsAbnormal() bool { return r.Kind == ExitCrash || r.Kind == ExitKilled }

// String describes the reason in one line, without the stack.
func (r Reason) String() string {
	switch r.Kind {
	case ExitNormal:
		return "normal"
	case ExitShutdown:
		if r.Term != nil {
			return fmt.Sprintf("shutdown (%v)", r.Term)
		}
		return "shutdown"
	case ExitCrash:
		if r.Message != "" {
			return fmt.Sprintf("crash while handling %s: %v", r.Message, r.Term)
		}
		return fmt.Sprintf("crash: %v", r.Term)
	case ExitKilled:
		what := "killed"
		if r.Message != "" {
			what += " while handling " + r.Message
		}
		if r.Term != nil {
			what += fmt.Sprintf(" (%v)", r.Term)
		}
		return what
	}
	return "unknown"
}

// The errors of addressing and asking.
var (
	// ErrNoProcess means that nothing stands behind the address, or that it ended before it answered.
	ErrNoProcess = errors.New("no process")
	// ErrOverloaded means that the mailbox has reached its bound.
	ErrOverloaded = errors.New("mailbox is full")
	// ErrTimeout means that no answer came in time. A late one is never delivered.
	ErrTimeout = errors.New("no answer in time")
	// ErrCrashed is what a [CrashError] is.
	ErrCrashed = errors.New("process crashed")
	// ErrCooling means that the child crashed too often and is not started again yet.
	ErrCooling = errors.New("stopped after too many crashes")
)

// CrashError answers a request whose holder crashed before it answered.
type CrashError struct {
	Process string
	Epoch   Epoch
	Reason  Reason
}

// Error names the process and the reason.
func (e *CrashError) Error() string { return fmt.Sprintf("%s: %v", e.Process, e.Reason) }

// Is makes errors.Is(err, ErrCrashed) true.
func (*CrashError) Is(target error) bool { return target == ErrCrashed }
