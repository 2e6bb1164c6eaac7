package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"registrar/persistence"
)

// keysVariable holds the keys themselves, for those who have no file for them.
const keysVariable = envPrefix + "KEYS"

// keyFlag names the keys that seal secrets on disk.
type keyFlag struct {
	KeyFile string `help:"File with the keys that seal secrets on disk (store new-key makes one); or the keys themselves in REGISTRAR_KEYS." placeholder:"FILE"`
}

// keys reads the keys; none is nil.
func (k *keyFlag) keys(env Env) (*persistence.Keyring, error) {
	if k.KeyFile == "" {
		if text, ok := env.Lookup(keysVariable); ok && strings.TrimSpace(text) != "" {
			return readKeys(strings.NewReader(text), keysVariable)
		}
		return nil, nil //nolint:nilnil // no keys are no error.
	}
	f, err := os.Open(k.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	defer func() { _ = f.Close() }() // read only
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, usage{fmt.Errorf("key file %s: others may read it: chmod 600", k.KeyFile)}
	}
	return readKeys(f, k.KeyFile)
}

func readKeys(r io.Reader, from string) (*persistence.Keyring, error) {
	keys, err := persistence.ReadKeyring(r)
	if err != nil {
		return nil, usage{fmt.Errorf("%s: %w", from, err)}
	}
	return keys, nil
}

// storeNewKeyCmd is registrar store new-key.
type storeNewKeyCmd struct {
	Number uint8 `arg:"" optional:"" default:"1" help:"Number of the key, 1 to 255: another one than those in use."`
}

// Run prints a fresh key.
func (c *storeNewKeyCmd) Run(env Env) error {
	if c.Number == 0 {
		return usage{errors.New("a key has a number from 1 to 255")}
	}
	return printf(env.Stdout, "%s", persistence.NewKey(c.Number))
}
