package console_test

import (
	"testing"
	"testing/synctest"
	"time"

	"registrar/actors/otp"
	"registrar/actors/trace"
	"registrar/supervisor/console"
)

// hang is a message, and a behaviour, that hangs until the channel is closed.
type hang struct{ until chan struct{} }

func (hang) Init(*otp.Context[hang]) error            { return nil }
func (hang) Handle(_ *otp.Context[hang], m hang)      { <-m.until }
func (hang) Terminate(*otp.Context[hang], otp.Reason) {}

// A process hangs for an hour and is abandoned. Its crash report has the message that it hung in.
func TestCrashReportAfterLongHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := otp.SystemClock()
		rec := trace.New(trace.DefaultEvents, clock.Now(), clock.Mono())
		sys := otp.NewSystem(otp.WithClock(clock), otp.WithRecorder(rec))
		reports, hangs := otp.NewRef[console.CrashReportsMessage](sys, "reports"), otp.NewRef[hang](sys, "hangs")
		sys.Subscribe(func(r otp.Report) { _ = reports.Tell(otp.External("reports"), console.Crashed{Report: r}) }, otp.Abandoned)
		app, err := otp.Start(t.Context(), sys, "top", otp.SupSpec{Intensity: 1, Children: []otp.ChildSpec{
			{ID: "reports", Start: otp.Worker(reports, func() otp.Behaviour[console.CrashReportsMessage] {
				return console.NewCrashReports(func() (console.Journal, error) { return &memoryJournal{}, nil }, rec)
			})},
			{ID: "hangs", Start: otp.Worker(hangs, func() otp.Behaviour[hang] { return hang{} })},
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = app.Stop(t.Context()) }()
		until := make(chan struct{})
		defer close(until)
		if err := hangs.Tell(otp.External("the test"), hang{until}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if err := app.Abandon("hangs"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		all, err := otp.Call(t.Context(), otp.External("the test"), reports, func(f otp.From[[]trace.CrashReport]) console.CrashReportsMessage { return console.List{From: f} })
		if err != nil || len(all) != 1 {
			t.Fatalf("%d crash reports, %v", len(all), err)
		}
		if got := all[0].Path(); got != "the test → hangs" {
			t.Errorf("path %s, of %d events", got, len(all[0].Events))
		}
	})
}
