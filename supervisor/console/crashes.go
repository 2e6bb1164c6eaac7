package console

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"registrar/actors/otp"
	"registrar/actors/trace"
)

// CrashReports is the behaviour of the process that makes and stores a report of each crash.
// Only its process uses it. Its own crash loses only the reports of the last second.
type CrashReports struct {
	open     func() (Journal, error)
	recorder *trace.Recorder
	journal  Journal
	unsaved  []trace.CrashReport
	omitted  int // crashes without a report since the last save
}

// NewCrashReports returns the behaviour. Each incarnation calls open once.
func NewCrashReports(open func() (Journal, error), r *trace.Recorder) *CrashReports {
	return &CrashReports{open: open, recorder: r}
}

const (
	// saveInterval is the time from the first unsaved report to the save.
	saveInterval = time.Second
	// maxReportsPerSave bounds the reports within saveInterval: each one searches the recorded
	// events.
	maxReportsPerSave = 10
	// lookBack is the age of the oldest events in a report, unless the process hung for longer.
	lookBack = 5 * time.Second
)

// Init opens the journal.
func (s *CrashReports) Init(c *otp.Context[CrashReportsMessage]) error {
	j, err := s.open()
	if err != nil {
		return err
	}
	s.journal = j
	context.AfterFunc(c.Context(), func() { _ = j.Close() }) // Terminate is not called for an abandoned incarnation
	return nil
}

// Handle handles one message.
func (s *CrashReports) Handle(c *otp.Context[CrashReportsMessage], msg CrashReportsMessage) {
	switch m := msg.(type) {
	case Crashed:
		s.crashed(c, m.Report)
	case save:
		s.save(c)
	case List:
		s.save(c)
		all, err := s.reports()
		if err != nil {
			m.Fail(err)
			return
		}
		m.Reply(all)
	}
}

// Terminate saves the reports and closes the journal.
func (s *CrashReports) Terminate(c *otp.Context[CrashReportsMessage], _ otp.Reason) {
	if s.journal == nil {
		return
	}
	s.save(c)
	if err := s.journal.Close(); err != nil {
		c.Log().Warn().Err(err).Msg("crash reports not closed")
	}
}

func (s *CrashReports) crashed(c *otp.Context[CrashReportsMessage], r otp.Report) {
	if len(s.unsaved) >= maxReportsPerSave {
		s.omitted++
		return
	}
	if len(s.unsaved) == 0 {
		c.After(saveInterval, save{})
	}
	report := trace.CrashReport{
		Time: c.Now(), Process: r.Process, Epoch: r.Epoch.String(), Reason: r.Reason.String(), Message: r.Reason.Message, MessageID: r.Reason.MessageID,
		Stack: string(r.Reason.Stack),
	}
	if r.Reason.State != nil {
		report.State = fmt.Sprintf("%+v", r.Reason.State)
	}
	report.AddEvents(s.eventsBefore(c.Now(), report.MessageID))
	s.unsaved = append(s.unsaved, report)
}

// eventsBefore returns the events of the time before a crash. It returns all events if the
// message that was being handled is older: its process hung for longer than lookBack.
func (s *CrashReports) eventsBefore(now time.Time, handled trace.ID) []trace.Event {
	events := s.recorder.Snapshot(trace.Filter{Since: now.Add(-lookBack)})
	if handled != 0 && !slices.ContainsFunc(events, func(e trace.Event) bool { return e.ID == handled }) {
		return s.recorder.Snapshot(trace.Filter{})
	}
	return events
}

// save stores the unsaved reports and logs a line for each. Reports that cannot be stored are
// dropped.
func (s *CrashReports) save(c *otp.Context[CrashReportsMessage]) {
	if len(s.unsaved) == 0 {
		return
	}
	var entries []func(uint64) []byte
	for i := range s.unsaved {
		entries = append(entries, func(n uint64) []byte {
			s.unsaved[i].ID = n
			text, _ := json.Marshal(&s.unsaved[i]) //nolint:errchkjson // texts, numbers and times.
			return text
		})
	}
	if err := s.journal.Append(entries...); err != nil {
		c.Log().Warn().Err(err).Int("crashes", len(s.unsaved)).Msg("crash reports not stored")
		s.unsaved = nil
	}
	for _, report := range s.unsaved {
		c.Log().Warn().Uint64("crash_id", report.ID).Str("crashed", report.Process).Str("path", report.Path()).Msg("crash report stored; show it with: registrar crashes ID")
	}
	if s.omitted > 0 {
		c.Log().Warn().Int("crashes", s.omitted).Msg("crashes without a report: too many within a second")
	}
	s.unsaved, s.omitted = nil, 0
}

func (s *CrashReports) reports() ([]trace.CrashReport, error) {
	entries, err := s.journal.Entries()
	if err != nil {
		return nil, err
	}
	return ReadCrashReports(entries)
}
