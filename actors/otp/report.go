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
	// Reason is why the process or incarnation ended, for the kinds that end one.
	Reason Reason
	// Message is the type of a dead letter.
	Message string
	// Lost is how many reports this subscriber has missed.
	Lost  uint64
	cause trace.ID // of a dead letter
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
	// ReportsLost is for a subscriber that was too slow, whatever kinds it hears.
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

// Logged returns the kinds of report that [LogReports] writes.
func Logged() []ReportKind { return []ReportKind{ChildCrashed, ChildRestarted, GaveUp, Abandoned} }

// LogReports writes the reports that an operator wants to know of: crashes with their stack, restarts, giving up, abandonment.
func LogReports(log zerolog.Logger) func(Report) {
	return func(r Report) {
		switch r.Kind {
		case ChildCrashed:
			log.Error().Str("process", r.Process).Stringer("epoch", r.Epoch).Stringer("reason", r.Reason).
				Bytes("stack", r.Reason.Stack).Msg("process crashed")
		case GaveUp, Abandoned:
			log.Error().Str("process", r.Process).Stringer("reason", r.Reason).Stringer("event", r.Kind).Msg("supervision")
		case ChildRestarted:
			log.Warn().Str("process", r.Process).Stringer("epoch", r.Epoch).Msg("process restarted")
		case ReportsLost:
			log.Warn().Uint64("lost", r.Lost).Msg("reports of the supervision lost: too many at once")
		case ChildStarted, ChildTerminated, DeadLetter:
		}
	}
}
