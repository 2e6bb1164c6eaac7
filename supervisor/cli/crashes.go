package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/rs/zerolog"

	"registrar/actors/domain"
	"registrar/persistence"
	"registrar/supervisor"
	"registrar/supervisor/console"
	"registrar/supervisor/trace"
)

// crashesCmd is registrar crashes.
type crashesCmd struct {
	dataFlag
	ID   uint64 `arg:"" optional:"" help:"Show one in full: the messages that led to it, the state, the stack."`
	JSON bool   `name:"json" help:"JSON Lines."`
}

// Run lists the crashes that are kept, or shows one.
func (c *crashesCmd) Run(ctx context.Context, env Env) error {
	all, err := crashStories(ctx, c.Data)
	if err != nil {
		return err
	}
	for i := range all {
		s := &all[i]
		switch {
		case c.ID != 0 && s.ID != c.ID:
			continue
		case c.JSON:
			err = printJSON(env.Stdout, s)
		case c.ID != 0:
			return s.Write(env.Stdout) //nolint:wrapcheck // it says all there is to say.
		default:
			err = printf(env.Stdout, "%d  %s  %s  %s\n", s.ID, s.Time.UTC().Format("2006-01-02 15:04:05.000"), s.Process, s.Reason)
		}
		if err != nil {
			return err
		}
	}
	if len(all) == 0 && c.ID == 0 && !c.JSON {
		return printf(env.Stderr, "nothing has crashed\n")
	}
	if c.ID != 0 && !c.JSON {
		return fmt.Errorf("there is no crash %d among the last %d", c.ID, len(all))
	}
	return nil
}

// crashStories asks the server, or reads the file when no server uses the directory.
func crashStories(ctx context.Context, dir string) (all []trace.CrashStory, err error) {
	lock, err := persistence.LockDir(dir)
	if domain.KindOf(err) == domain.Unavailable {
		return console.NewClient(filepath.Join(dir, supervisor.ControlSocket)).Crashes(ctx) //nolint:wrapcheck // it says all there is to say.
	}
	if err != nil {
		return nil, err //nolint:wrapcheck // as above.
	}
	entries, err := persistence.ReadJournal(persistence.Options{Dir: dir, Log: zerolog.Nop()})
	if err == nil {
		all, err = console.ReadStories(entries)
	}
	return all, errors.Join(err, lock.Release())
}
