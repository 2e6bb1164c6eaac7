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
	// ExitNormal is the exit of a process that has finished its work.
	ExitNormal ReasonKind = iota
	// ExitShutdown is the exit of a process that was told to stop, with an optional term.
	ExitShutdown
	// ExitCrash is a panic, a runtime.Goexit or a failed Init.
	ExitCrash
	// ExitKilled is the end of a process that was abandoned: it exceeded its shutdown time, or an
	// operator abandoned it.
	ExitKilled
)

// Reason says why a process or an incarnation ended.
type Reason struct {
	Kind ReasonKind
	// Term is the argument of [ShutdownWith], the value of the panic, or the error of Init.
	Term any
	// Stack is the stack of a crash. Message is the type of the message that was being handled.
	Stack   []byte
	Message string
	// MessageID is the id of that message. State is the result of a [Stater] right after the
	// crash.
	MessageID trace.ID
	State     any
}

// The reasons without a term.
var (
	Normal   = Reason{Kind: ExitNormal}   //nolint:gochecknoglobals // a constant in all but type.
	Shutdown = Reason{Kind: ExitShutdown} //nolint:gochecknoglobals // a constant in all but type.
	Killed   = Reason{Kind: ExitKilled}   //nolint:gochecknoglobals // a constant in all but type.
)

// ShutdownWith returns the reason {shutdown, Term} of OTP.
func ShutdownWith(term any) Reason { return Reason{Kind: ExitShutdown, Term: term} }

// IsAbnormal reports whether a transient child is restarted after this reason: after a crash or a
// kill (OTP: any reason but normal, shutdown and {shutdown, Term}).
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
		text := "killed"
		if r.Message != "" {
			text += " while handling " + r.Message
		}
		if r.Term != nil {
			text += fmt.Sprintf(" (%v)", r.Term)
		}
		return text
	}
	return "unknown"
}

// Errors of sending and asking.
var (
	// ErrNoProcess means that there is no process behind the address, or that it ended before it
	// answered.
	ErrNoProcess = errors.New("no process")
	// ErrOverloaded means that the mailbox has reached its bound.
	ErrOverloaded = errors.New("mailbox is full")
	// ErrTimeout means that no answer came in time. A late answer is dropped.
	ErrTimeout = errors.New("no answer in time")
	// ErrCrashed matches every [CrashError] with errors.Is.
	ErrCrashed = errors.New("process crashed")
	// ErrCooling means that the child crashed too often and its cool-down has not passed.
	ErrCooling = errors.New("stopped after too many crashes")
)

// CrashError answers a request if its holder crashed before it answered.
type CrashError struct {
	Process string
	Epoch   Epoch
	Reason  Reason
}

// Error names the process and the reason.
func (e *CrashError) Error() string { return fmt.Sprintf("%s: %v", e.Process, e.Reason) }

// Is makes errors.Is(err, ErrCrashed) true.
func (*CrashError) Is(target error) bool { return target == ErrCrashed }
