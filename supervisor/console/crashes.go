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

// Journal is where crash stories are kept.
type Journal interface {
	// Append adds entries, each made of its number, and returns when they are kept.
	Append(entries ...func(n uint64) []byte) error
	// Entries returns those that are kept, the oldest first.
	Entries() ([][]byte, error)
	Close() error
}

// StoriesMessage is what the process of the crash stories understands.
type CrashReportsMessage interface{ crashReportsMessage() }

// Crashed says that a process has crashed.
type Crashed struct{ otp.Report }

// List asks for the stories that are kept, the oldest first.
type List struct{ otp.From[[]trace.CrashReport] }

// save asks for what has been collected to be kept.
type save struct{}

func (Crashed) crashReportsMessage() {}
func (List) crashReportsMessage()    {}
func (save) crashReportsMessage()    {}

// Stories makes a story of each crash and keeps it. Its goroutine alone touches it. Its own end loses nothing but what it has not yet saved.
type CrashReports struct {
	open     func() (Journal, error)
	recorder *trace.Recorder
	journal  Journal
	unsaved  []trace.CrashReport // not yet saved
	omitted  int                 // left out since the last save
}

// NewStories returns the behaviour. Open opens the journal, anew for each incarnation.
func NewCrashReports(open func() (Journal, error), r *trace.Recorder) *CrashReports {
	return &CrashReports{open: open, recorder: r}
}

const (
	// Stories are collected for saveEvery and saved together.
	saveInterval = time.Second
	// No more than storiesMost crashes within that time have their story told: a chain of messages is looked for among all that are recorded.
	maxReportsPerSave = 10
	// A story may begin lookBack before its crash, or earlier if the process had been hanging for longer.
	lookBack = 5 * time.Second
)

// Init opens the journal.
func (s *CrashReports) Init(c *otp.Context[CrashReportsMessage]) error {
	j, err := s.open()
	if err != nil {
		return err
	}
	s.journal = j
	context.AfterFunc(c.Context(), func() { _ = j.Close() }) // of one that was abandoned, Terminate is not called; closing again does nothing
	return nil
}

// Handle takes one message.
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

// Terminate saves and closes.
func (s *CrashReports) Terminate(c *otp.Context[CrashReportsMessage], _ otp.Reason) {
	if s.journal == nil {
		return
	}
	s.save(c)
	if err := s.journal.Close(); err != nil {
		c.Log().Warn().Err(err).Msg("closing the crash stories")
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
	story := trace.CrashReport{
		Time: c.Now(), Process: r.Process, Epoch: r.Epoch.String(), Reason: r.Reason.String(), Message: r.Reason.Message, MessageID: r.Reason.MessageID,
		Stack: string(r.Reason.Stack),
	}
	if r.Reason.State != nil {
		story.State = fmt.Sprintf("%+v", r.Reason.State)
	}
	story.AddEvents(s.eventsBefore(c.Now(), story.MessageID))
	s.unsaved = append(s.unsaved, story)
}

// before returns what was recorded shortly before a crash: everything if the message in hand is not among that, because its process had long been hanging.
func (s *CrashReports) eventsBefore(now time.Time, inHand trace.ID) []trace.Event {
	events := s.recorder.Snapshot(trace.Filter{Since: now.Add(-lookBack)})
	if inHand != 0 && !slices.ContainsFunc(events, func(e trace.Event) bool { return e.ID == inHand }) {
		return s.recorder.Snapshot(trace.Filter{})
	}
	return events
}

// save keeps what is fresh and says so, in short.
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
		c.Log().Warn().Err(err).Int("crashes", len(s.unsaved)).Msg("crash stories cannot be kept")
		s.unsaved = nil // there is nothing to be read of them
	}
	for _, story := range s.unsaved {
		c.Log().Warn().Uint64("story", story.ID).Str("crashed", story.Process).Str("way", story.Path()).Msg("the story of a crash: registrar crashes ID")
	}
	if s.omitted > 0 {
		c.Log().Warn().Int("crashes", s.omitted).Msg("too many crashes at once: their stories are not told")
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

// ReadStories reads the entries of a journal.
func ReadCrashReports(entries [][]byte) ([]trace.CrashReport, error) {
	all := make([]trace.CrashReport, len(entries))
	for i, text := range entries {
		if err := json.Unmarshal(text, &all[i]); err != nil {
			return nil, fmt.Errorf("crash story %d of those that are kept: %w", i+1, err)
		}
	}
	return all, nil
}
