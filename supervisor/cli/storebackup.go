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
	File string `arg:"" help:"Archive to make; - for standard output."`
}

// Run copies, checks, and only then hands over.
func (c *storeBackupCmd) Run(ctx context.Context, env Env) error {
	files := persistence.Kinds()
	if c.Only != "" {
		files = []string{c.Only}
	}
	said := env // what is said goes where the archive does not
	if c.File == "-" {
		said.Stdout = env.Stderr
	}
	return c.copies(ctx, env, files, func(o persistence.Options) error {
		if err := check(said, o, files); err != nil {
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

// writeWhole makes a file that is there only when it is complete and on disk.
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
	Replace bool   `help:"Replace files that are there; they are kept beside as NAME.db.before."`
	File    string `arg:"" help:"Archive that backup has made; - for standard input."`
}

// Run checks all of the archive before it touches anything.
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
	return alone(c.Data, func() error {
		reports, err := persistence.Restore(persistence.Options{Dir: c.Data, Log: zerolog.Nop(), Keys: keys}, in, c.Replace)
		for _, r := range reports {
			if err := printf(env.Stdout, "%s: %d users restored\n", r.File, r.Users); err != nil {
				return err
			}
		}
		return err
	})
}

// alone runs do on a data directory that no server may use meanwhile.
func alone(dir string, do func() error) error {
	lock, err := persistence.LockDir(dir)
	if err != nil {
		return fmt.Errorf("this needs a data directory that no server uses: %w", err)
	}
	return errors.Join(do(), lock.Release())
}

// storeCompactCmd is registrar store compact.
type storeCompactCmd struct{ storeFlags }

// Run rewrites both files without what is free in them.
func (c *storeCompactCmd) Run(env Env) error {
	keys, err := c.keys(env)
	if err != nil {
		return err
	}
	return alone(c.Data, func() error {
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
		return printf(env.Stdout, "%d secrets sealed with the first key; what they were sealed with before leaves the file at the next compaction\n", n)
	})
}
