package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/rs/zerolog"

	"registrar/persistence"
	"registrar/supervisor/console"
)

// storeBackupCmd is registrar store backup.
type storeBackupCmd struct {
	storeFlags
	Only string `help:"Only this file: credentials or registrations." enum:",credentials,registrations" default:""`
	File string `arg:"" help:"Archive to write; - for standard output."`
}

// Run copies and checks the files before it writes the archive.
func (c *storeBackupCmd) Run(ctx context.Context, env Env) error {
	files := persistence.Kinds()
	if c.Only != "" {
		files = []string{c.Only}
	}
	report := env // the report must not mix with the archive
	if c.File == "-" {
		report.Stdout = env.Stderr
	}
	return c.copies(ctx, env, files, func(o persistence.Options) error {
		if err := check(report, o, files); err != nil {
			return err
		}
		var paths []string
		for _, f := range files {
			paths = append(paths, filepath.Join(o.Dir, f+".db"))
		}
		if c.File == "-" {
			return persistence.WriteArchive(env.Stdout, paths...)
		}
		return writeWhole(c.File, func(w io.Writer) error { return persistence.WriteArchive(w, paths...) })
	})
}

// writeWhole writes a file that appears under its name once it is complete and on disk.
func writeWhole(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	err = errors.Join(write(f), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

// storeRestoreCmd is registrar store restore.
type storeRestoreCmd struct {
	storeFlags
	Replace bool   `help:"Replace existing files; they are kept as NAME.db.before."`
	File    string `arg:"" help:"Archive written by store backup; - for standard input."`
}

// Run checks the whole archive before it changes anything.
func (c *storeRestoreCmd) Run(env Env) error {
	keys, err := c.keys(env)
	if err != nil {
		return err
	}
	in := env.Stdin
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return fmt.Errorf("restore: %w", err)
		}
		defer func() { _ = f.Close() }() // read only
		in = f
	}
	return exclusively(c.Data, func() error {
		reports, err := persistence.Restore(persistence.Options{Dir: c.Data, Log: zerolog.Nop(), Keys: keys}, in, c.Replace)
		for _, r := range reports {
			if err := printf(env.Stdout, "%s: %s restored\n", r.File, count(r.Users, "user")); err != nil {
				return err
			}
		}
		return err
	})
}

// exclusively runs do while it holds the lock of the data directory.
func exclusively(dir string, do func() error) error {
	lock, err := persistence.LockDir(dir)
	if err != nil {
		return fmt.Errorf("stop the server first: %w", err)
	}
	return errors.Join(do(), lock.Release())
}

// storeCompactCmd is registrar store compact.
type storeCompactCmd struct{ storeFlags }

// Run rewrites both files without free pages.
func (c *storeCompactCmd) Run(env Env) error {
	keys, err := c.keys(env)
	if err != nil {
		return err
	}
	return exclusively(c.Data, func() error {
		for _, kind := range persistence.Kinds() {
			before, after, err := persistence.Compact(persistence.Options{Dir: c.Data, Log: zerolog.Nop(), Keys: keys}, kind)
			if err != nil {
				return err
			}
			if err := printf(env.Stdout, "%s.db: %.1f MiB, was %.1f MiB\n", kind, mebibytes(after), mebibytes(before)); err != nil {
				return err
			}
		}
		return nil
	})
}

// storeResealCmd is registrar store reseal.
type storeResealCmd struct{ storeFlags }

// Run seals every secret with the first key.
func (c *storeResealCmd) Run(ctx context.Context, env Env) error {
	return c.open(env, func(s console.Store) error {
		n, err := s.Reseal(ctx)
		if err != nil {
			return err
		}
		return printf(env.Stdout, "%s sealed with the first key; compact the files to remove the old ones\n", count(n, "secret"))
	})
}
