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

// kept is a journal in memory, which may be full.
type kept struct {
	mu      sync.Mutex
	full    bool
	entries [][]byte
}

func (k *kept) Append(entries ...func(n uint64) []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, entry := range entries {
		text := entry(uint64(len(k.entries) + 1))
		if k.full {
			return errors.New("no space left")
		}
		k.entries = append(k.entries, text)
	}
	return nil
}

func (k *kept) Entries() ([][]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.entries, nil
}

func (*kept) Close() error { return nil }

// Crashes are told once a second, ten at most, each in one line that names its story; of stories that cannot be kept there is no such line.
func TestStoriesAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lines
		var journal kept
		sys := otp.NewSystem(otp.WithLogger(zerolog.New(&log)))
		ref := otp.NewRef[console.CrashReportsMessage](sys, "observe/crashes")
		app, err := otp.Start(t.Context(), sys, "top", otp.SupSpec{Children: []otp.ChildSpec{{ID: "stories", Start: otp.Worker(ref, func() otp.Behaviour[console.CrashReportsMessage] {
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
					t.Errorf("%s: %d times %s, want %d, in\n%s", step, got, text, want, log.String())
				}
			}
		}
		const story, tooMany, lost = "the story of a crash", `"crashes":2,"message":"too many crashes at once`, `"crashes":3,"message":"crash stories cannot be kept"`
		crash(12)
		wants("twelve", map[string]int{story: 10, `"story":10,"crashed":"user/100@acme.test"`: 1, tooMany: 1, lost: 0})
		crash(1)
		wants("one", map[string]int{story: 11, tooMany: 1, lost: 0})
		journal.full = true
		crash(3)
		wants("no room", map[string]int{story: 11, tooMany: 1, lost: 1})
		journal.full = false
		crash(1)
		wants("room again", map[string]int{story: 12, `"story":12,`: 1, lost: 1})
		if err := app.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}
