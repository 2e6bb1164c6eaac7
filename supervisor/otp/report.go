package otp

import (
	"github.com/rs/zerolog"
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
)

// String returns the kind in words.
func (k ReportKind) String() string {
	names := [...]string{"started", "terminated", "crashed", "restarted", "gave up", "abandoned", "dead letter"}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// Subscribe has f called with every report, on the goroutine it happens on: f must not block. A panic in f is swallowed: a
// subscriber cannot harm the sender. The returned function ends it.
func (s *System) Subscribe(f func(Report)) (cancel func()) {
	id := s.ids.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subs[id] = f
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.subs, id)
	}
}

func (s *System) report(r Report) {
	s.mu.Lock()
	subs := make([]func(Report), 0, len(s.subs))
	for _, f := range s.subs {
		subs = append(subs, f)
	}
	s.mu.Unlock()
	for _, f := range subs {
		func() {
			defer func() { _ = recover() }() // see Subscribe
			f(r)
		}()
	}
}

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
		case ChildStarted, ChildTerminated, DeadLetter:
		}
	}
}
