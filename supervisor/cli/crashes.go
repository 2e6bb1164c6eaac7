package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/rs/zerolog"

	"registrar/actors/domain"
	"registrar/actors/trace"
	"registrar/persistence"
	"registrar/supervisor"
	"registrar/supervisor/console"
	"registrar/supervisor/traceview"
)

// crashesCmd is registrar crashes.
type crashesCmd struct {
	dataFlag
	ID   uint64 `arg:"" optional:"" help:"Number of a crash report to show in full: the messages before it, the state, the stack."`
	JSON bool   `name:"json" help:"JSON Lines."`
}

// Run lists the crash reports, or shows one.
func (c *crashesCmd) Run(ctx context.Context, env Env) error {
	all, err := crashReports(ctx, c.Data)
	if err != nil {
		return err
	}
	if c.ID != 0 {
		return c.one(env.Stdout, all)
	}
	if len(all) == 0 && !c.JSON {
		return printf(env.Stderr, "no crash reports\n")
	}
	for i := range all {
		s := &all[i]
		if c.JSON {
			err = printJSON(env.Stdout, s)
		} else {
			err = printf(env.Stdout, "%d  %s  %s  %s\n", s.ID, s.Time.UTC().Format("2006-01-02 15:04:05.000"), s.Process, s.Reason)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *crashesCmd) one(out io.Writer, all []trace.CrashReport) error {
	i := slices.IndexFunc(all, func(s trace.CrashReport) bool { return s.ID == c.ID })
	switch {
	case i < 0:
		return fmt.Errorf("no crash report %d; the last %d are kept", c.ID, len(all))
	case c.JSON:
		return printJSON(out, &all[i])
	}
	return traceview.WriteCrashReport(out, &all[i])
}

// crashReports returns the reports of the server, or of the file when no server runs. It does not
// create a missing directory.
func crashReports(ctx context.Context, dir string) (all []trace.CrashReport, err error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	lock, err := persistence.LockDir(dir)
	if domain.KindOf(err) == domain.Unavailable {
		return console.NewClient(filepath.Join(dir, supervisor.ControlSocket)).Crashes(ctx)
	}
	if err != nil {
		return nil, err
	}
	entries, err := persistence.ReadJournal(persistence.Options{Dir: dir, Log: zerolog.Nop()})
	if err == nil {
		all, err = console.ReadCrashReports(entries)
	}
	return all, errors.Join(err, lock.Release())
}
