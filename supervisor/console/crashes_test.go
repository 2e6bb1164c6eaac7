package console_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"registrar/actors/otp"
	"registrar/supervisor/console"
)

// memoryJournal is a journal in memory that can be full.
type memoryJournal struct {
	mu      sync.Mutex
	full    bool
	entries [][]byte
}

func (j *memoryJournal) Append(entries ...func(n uint64) []byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, entry := range entries {
		text := entry(uint64(len(j.entries) + 1))
		if j.full {
			return errors.New("no space left")
		}
		j.entries = append(j.entries, text)
	}
	return nil
}

func (j *memoryJournal) Entries() ([][]byte, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.entries, nil
}

func (*memoryJournal) Close() error { return nil }

// Reports are stored and logged once a second, at most ten. Reports that cannot be stored are
// not logged.
func TestCrashReportsAreStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lines
		var journal memoryJournal
		sys := otp.NewSystem(otp.WithLogger(zerolog.New(&log)))
		ref := otp.NewRef[console.CrashReportsMessage](sys, "observe/crashes")
		app, err := otp.Start(t.Context(), sys, "top", otp.SupSpec{Children: []otp.ChildSpec{{ID: "crashes", Start: otp.Worker(ref, func() otp.Behaviour[console.CrashReportsMessage] {
			return console.NewCrashReports(func() (console.Journal, error) { return &journal, nil }, nil)
		})}}})
		if err != nil {
			t.Fatal(err)
		}
		crash := func(times int) {
			t.Helper()
			for range times {
				if err := ref.Tell(otp.External("test"), console.Crashed{Report: otp.Report{Process: "user/100@acme.test"}}); err != nil {
					t.Error(err)
				}
			}
			time.Sleep(1100 * time.Millisecond)
			synctest.Wait()
		}
		wants := func(step string, counts map[string]int) {
			t.Helper()
			for text, want := range counts {
				if got := strings.Count(log.String(), text); got != want {
					t.Errorf("%s: %d lines with %s, want %d, in\n%s", step, got, text, want, log.String())
				}
			}
		}
		const (
			stored  = `"message":"crash report stored`
			tooMany = `"crashes":2,"message":"crashes without a report`
			failed  = `"crashes":3,"message":"crash reports not stored"`
		)
		crash(12)
		wants("twelve", map[string]int{stored: 10, `"crash_id":10,"crashed":"user/100@acme.test"`: 1, tooMany: 1, failed: 0})
		crash(1)
		wants("one", map[string]int{stored: 11, tooMany: 1, failed: 0})
		journal.full = true
		crash(3)
		wants("journal full", map[string]int{stored: 11, tooMany: 1, failed: 1})
		journal.full = false
		crash(1)
		wants("journal writable again", map[string]int{stored: 12, `"crash_id":12,`: 1, failed: 1})
		if err := app.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}
