package console

import (
	"encoding/json"
	"fmt"

	"registrar/actors/otp"
	"registrar/actors/trace"
)

// Journal stores crash reports. One process uses it; Close may be called from any goroutine.
type Journal interface {
	// Append adds entries and returns when they are on disk. Each entry is a function of its
	// number.
	Append(entries ...func(n uint64) []byte) error
	// Entries returns the stored entries, the oldest first.
	Entries() ([][]byte, error)
	// Close closes the journal; later calls do nothing.
	Close() error
}

// CrashReportsMessage is a message of the process that stores crash reports.
type CrashReportsMessage interface{ crashReportsMessage() }

// Crashed reports the crash of a process.
type Crashed struct{ otp.Report }

// List requests the stored crash reports, the oldest first.
type List struct{ otp.From[[]trace.CrashReport] }

// save requests that the collected reports be stored.
type save struct{}

func (Crashed) crashReportsMessage() {}
func (List) crashReportsMessage()    {}
func (save) crashReportsMessage()    {}

// ReadCrashReports decodes the entries of a journal.
func ReadCrashReports(entries [][]byte) ([]trace.CrashReport, error) {
	all := make([]trace.CrashReport, len(entries))
	for i, text := range entries {
		if err := json.Unmarshal(text, &all[i]); err != nil {
			return nil, fmt.Errorf("crash report %d of %d in the journal: %w", i+1, len(entries), err)
		}
	}
	return all, nil
}
