package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"registrar/persistence"
)

// keysVariable is the environment variable with the keys, in place of a file.
const keysVariable = envPrefix + "KEYS"

// keyFlag is the flag for the keys that seal secrets on disk.
type keyFlag struct {
	KeyFile string `help:"File with the keys that seal secrets on disk, see store new-key; or the keys themselves in REGISTRAR_KEYS." placeholder:"FILE"`
}

// keys returns the configured keys, nil without any.
func (k *keyFlag) keys(env Env) (*persistence.Keyring, error) {
	if k.KeyFile == "" {
		if text, ok := env.Lookup(keysVariable); ok && strings.TrimSpace(text) != "" {
			return readKeys(strings.NewReader(text), keysVariable)
		}
		return nil, nil //nolint:nilnil // keys are optional.
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
		return nil, usage{fmt.Errorf("key file %s: other users can read it; run: chmod 600", k.KeyFile)}
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
	Number uint8 `arg:"" optional:"" default:"1" help:"Number of the key, 1 to 255; it must not be in use."`
}

// Run prints a fresh key.
func (c *storeNewKeyCmd) Run(env Env) error {
	if c.Number == 0 {
		return usage{errors.New("the number of a key is between 1 and 255")}
	}
	return printf(env.Stdout, "%s", persistence.NewKey(c.Number))
}
