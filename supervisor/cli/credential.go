package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"registrar/actors/domain"
	"registrar/supervisor/console"
)

// importCmd is registrar credential import.
type importCmd struct {
	dataFlag
	keyFlag
	File string `arg:"" help:"JSON Lines with realm, user, password or ha1 and optional fields; - for standard input."`
}

// Run imports all lines or none.
func (c *importCmd) Run(ctx context.Context, env Env) error {
	in := env.Stdin
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return fmt.Errorf("import: %w", err)
		}
		defer func() { _ = f.Close() }() // read only
		in = f
	}
	creds, err := console.ReadCredentials(in)
	if err != nil {
		return err
	}
	keys, err := c.keys(env)
	if err != nil {
		return err
	}
	return withStore(c.Data, keys, func(s console.Store) error {
		if _, err := s.Import(ctx, creds); err != nil {
			return err
		}
		return printf(env.Stdout, "%s imported\n", count(len(creds), "credential"))
	})
}

// setCmd is registrar credential set.
type setCmd struct {
	dataFlag
	keyFlag
	PasswordStdin bool   `help:"Read the password from standard input, one line." xor:"secret" required:""`
	HA1           string `name:"ha1" help:"Set the HA1 instead: MD5 of user:realm:password in hex." placeholder:"HEX" xor:"secret" required:""`
	Realm         string `arg:"" help:"Realm."`
	User          string `arg:"" help:"User."`
}

// Run sets one credential.
func (c *setCmd) Run(ctx context.Context, env Env) error {
	key, err := domain.ParseKey(c.Realm, c.User)
	if err != nil {
		return usage{err}
	}
	cred := domain.Credential{Key: key, Method: domain.A1Hash}
	if c.PasswordStdin {
		line, err := bufio.NewReader(io.LimitReader(env.Stdin, 64<<10)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read the password: %w", err)
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			return usage{errors.New("the password on standard input is empty")}
		}
		cred.Method, cred.Secret = domain.Password, domain.NewSecret(line)
	} else if cred.Secret, err = console.ParseHA1(c.HA1); err != nil {
		return usage{err}
	}
	keys, err := c.keys(env)
	if err != nil {
		return err
	}
	return withStore(c.Data, keys, func(s console.Store) error {
		_, err := s.Import(ctx, []domain.Credential{cred})
		return err
	})
}

// listCmd is registrar credential list.
type listCmd struct {
	dataFlag
	keyFlag
	JSON  bool   `name:"json" help:"JSON Lines."`
	Realm string `arg:"" optional:"" help:"Only this realm."`
}

// credentialView is an entry of the list as JSON.
type credentialView struct {
	Realm     domain.Realm  `json:"realm"`
	User      domain.User   `json:"user"`
	Method    domain.Method `json:"method"`
	Enabled   bool          `json:"enabled"`
	AccountID string        `json:"account_id,omitempty"`
}

// Run lists credentials.
func (c *listCmd) Run(ctx context.Context, env Env) error {
	realm := domain.Realm(strings.ToLower(c.Realm))
	keys, err := c.keys(env)
	if err != nil {
		return err
	}
	return withStore(c.Data, keys, func(s console.Store) error {
		return everything(func(after domain.Key) ([]domain.Credential, error) { return s.Credentials(ctx, realm, after, pageSize) },
			func(x domain.Credential) domain.Key { return x.Key },
			func(x domain.Credential) error {
				v := credentialView{x.Key.Realm, x.Key.User, x.Method, !x.Disabled, x.AccountID}
				if c.JSON {
					return printJSON(env.Stdout, v)
				}
				state := "enabled"
				if x.Disabled {
					state = "disabled"
				}
				return printf(env.Stdout, "%s\t%s\t%s\t%s\n", x.Key, v.Method, state, v.AccountID)
			})
	})
}

// deleteCmd is registrar credential delete.
type deleteCmd struct {
	dataFlag
	keyFlag
	Realm string `arg:"" help:"Realm."`
	User  string `arg:"" help:"User."`
}

// Run deletes a credential; it fails if there is none.
func (c *deleteCmd) Run(ctx context.Context, env Env) error {
	key, err := domain.ParseKey(c.Realm, c.User)
	if err != nil {
		return usage{err}
	}
	keys, err := c.keys(env)
	if err != nil {
		return err
	}
	return withStore(c.Data, keys, func(s console.Store) error {
		there, err := s.Delete(ctx, key)
		if err == nil && !there {
			return fmt.Errorf("no credential of %s", key)
		}
		return err
	})
}
