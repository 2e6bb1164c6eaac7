package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/rs/zerolog"

	"registrar/actors/domain"
	"registrar/persistence"
	"registrar/supervisor/console"
)

// storeExportCmd is registrar store export.
type storeExportCmd struct {
	storeFlags
	Secrets bool   `help:"Print the secrets of credentials; required to export credentials."`
	What    string `arg:"" help:"File to export: registrations or credentials." enum:"registrations,credentials"`
}

// Run prints a whole file as JSON Lines, the input of store import and credential import.
func (c *storeExportCmd) Run(ctx context.Context, env Env) error {
	if c.What == "credentials" && !c.Secrets {
		return usage{errors.New("an export of credentials contains their secrets: confirm with --secrets")}
	}
	return c.open(env, func(s console.Store) error {
		if c.What == "credentials" {
			return everything(func(after domain.Key) ([]domain.Credential, error) { return s.Secrets(ctx, after, pageSize) },
				func(x domain.Credential) domain.Key { return x.Key },
				func(x domain.Credential) error { return console.WriteCredentials(env.Stdout, []domain.Credential{x}) })
		}
		return everything(func(after domain.Key) ([]domain.Record, error) { return s.Registrations(ctx, "", after, pageSize) },
			func(x domain.Record) domain.Key { return x.Key },
			func(x domain.Record) error { return persistence.WriteRecord(env.Stdout, x) })
	})
}

// storeImportCmd is registrar store import.
type storeImportCmd struct {
	dataFlag
	File string `arg:"" help:"JSON Lines of store export registrations; - for standard input."`
}

// Run imports all lines or none.
func (c *storeImportCmd) Run(env Env) error {
	in := env.Stdin
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return fmt.Errorf("import: %w", err)
		}
		defer func() { _ = f.Close() }() // read only
		in = f
	}
	return exclusively(c.Data, func() (err error) {
		f, err := persistence.OpenRegistrations(persistence.Options{Dir: c.Data, Log: zerolog.Nop()})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		n, err := f.Import(in)
		if err != nil {
			return fmt.Errorf("nothing was imported: %w", err)
		}
		return printf(env.Stdout, "registrations of %s imported\n", count(n, "user"))
	})
}
