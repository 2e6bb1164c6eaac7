package otp

import (
	"github.com/rs/zerolog"

	"registrar/actors/trace"
)

// Report is one event in the life of a process.
type Report struct {
	Kind    ReportKind
	Process string
	Epoch   Epoch
	// Reason is the reason of the end, for the kinds that end a process or an incarnation.
	Reason Reason
	// Message is the message type of a dead letter.
	Message string
	// Lost is the number of reports that this subscriber has missed.
	Lost  uint64
	cause trace.ID // the cause of a dead letter
}

// ReportKind is the kind of a [Report].
type ReportKind uint8

// The kinds of report.
const (
	ChildStarted ReportKind = iota
	ChildTerminated
	ChildCrashed
	ChildRestarted
	GaveUp
	Abandoned
	DeadLetter
	// ReportsLost goes to a subscriber that was too slow, regardless of its kinds.
	ReportsLost
)

// String returns the kind in words.
func (k ReportKind) String() string {
	names := [...]string{"started", "terminated", "crashed", "restarted", "gave up", "abandoned", "dead letter", "reports lost"}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// Logged returns the kinds of report that [LogReports] logs.
func Logged() []ReportKind { return []ReportKind{ChildCrashed, ChildRestarted, GaveUp, Abandoned} }

// LogReports returns a subscriber that logs crashes with their stack, restarts, abandonments and
// supervisors that gave up.
func LogReports(log zerolog.Logger) func(Report) {
	return func(r Report) {
		switch r.Kind {
		case ChildCrashed:
			log.Error().Str("process", r.Process).Stringer("epoch", r.Epoch).Stringer("reason", r.Reason).
				Bytes("stack", r.Reason.Stack).Msg("process crashed")
		case GaveUp:
			log.Error().Str("process", r.Process).Stringer("reason", r.Reason).Msg("process gave up")
		case Abandoned:
			log.Error().Str("process", r.Process).Stringer("reason", r.Reason).Msg("process abandoned")
		case ChildRestarted:
			log.Warn().Str("process", r.Process).Stringer("epoch", r.Epoch).Msg("process restarted")
		case ReportsLost:
			log.Warn().Uint64("lost", r.Lost).Msg("supervision reports lost")
		case ChildStarted, ChildTerminated, DeadLetter:
		}
	}
}
