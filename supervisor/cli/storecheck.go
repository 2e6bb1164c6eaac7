package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"registrar/persistence"
	"registrar/supervisor/console"
)

// storeFlags are the flags of commands that work on the files.
type storeFlags struct {
	dataFlag
	keyFlag
}

// open runs use on the files of the data directory, or through its server.
func (f *storeFlags) open(env Env, use func(console.Store) error) error {
	keys, err := f.keys(env)
	if err != nil {
		return err
	}
	return withStore(f.Data, keys, use)
}

// copies copies the files to a temporary directory and runs use on the copies.
func (f *storeFlags) copies(ctx context.Context, env Env, files []string, use func(o persistence.Options) error) error {
	keys, err := f.keys(env)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "registrar-store-")
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary directory
	err = withStore(f.Data, keys, func(s console.Store) error {
		for _, file := range files {
			if err := copyOf(ctx, s, file, filepath.Join(dir, file+".db")); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return use(persistence.Options{Dir: dir, Log: zerolog.Nop(), Keys: keys})
}

func copyOf(ctx context.Context, s console.Store, file, path string) error {
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // in our own temporary directory.
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	return errors.Join(s.Copy(ctx, file, out), out.Close())
}

// check checks files and prints a report of each.
func check(env Env, o persistence.Options, files []string) error {
	var bad []string
	for _, file := range files {
		r, err := persistence.CheckFile(o, file)
		if err != nil {
			r.Problems = append(r.Problems, err.Error())
		}
		if err := printReport(env, file, r); err != nil {
			return err
		}
		if len(r.Problems) > 0 {
			bad = append(bad, r.File)
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("damaged: %s; restore a backup", strings.Join(bad, ", "))
	}
	return nil
}

func printReport(env Env, file string, r persistence.Report) error {
	text := []string{r.File + ": " + count(r.Users, "user")}
	if file == "registrations" {
		text = append(text, count(r.Bindings, "binding"), count(r.Tombstones, "tombstone"))
	}
	for _, key := range slices.Sorted(maps.Keys(r.Sealed)) {
		if key == 0 {
			text = append(text, count(r.Sealed[key], "secret")+" not sealed")
		} else {
			text = append(text, fmt.Sprintf("%s sealed with key %d", count(r.Sealed[key], "secret"), key))
		}
	}
	if len(r.Problems) == 0 {
		return printf(env.Stdout, "%s: sound\n", strings.Join(text, ", "))
	}
	return printf(env.Stdout, "%s\n  %s\n", strings.Join(text, ", "), strings.Join(r.Problems, "\n  "))
}

// storeCheckCmd is registrar store check.
type storeCheckCmd struct{ storeFlags }

// Run checks consistent copies of both files, so that damage does not harm the server.
func (c *storeCheckCmd) Run(ctx context.Context, env Env) error {
	files := persistence.Kinds()
	return c.copies(ctx, env, files, func(o persistence.Options) error { return check(env, o, files) })
}

// storeStatsCmd is registrar store stats.
type storeStatsCmd struct {
	storeFlags
	JSON bool `name:"json" help:"One JSON object a file; sizes in bytes."`
}

// Run prints the sizes of the files.
func (c *storeStatsCmd) Run(ctx context.Context, env Env) error {
	return c.open(env, func(s console.Store) error {
		stats, err := s.Stats(ctx)
		if err != nil {
			return err
		}
		for _, f := range stats {
			if c.JSON {
				err = printJSON(env.Stdout, f)
			} else {
				err = printf(env.Stdout, "%-18s %10d users  %8.1f MiB, %.1f MiB used, %.1f MiB free  depth %d, %d leaf pages\n",
					f.File, f.Users, mebibytes(f.Size), mebibytes(f.Used), mebibytes(f.Free), f.Depth, f.Pages)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func mebibytes(n int64) float64 { return float64(n) / (1 << 20) }
