package persistence

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"registrar/actors/domain"
)

// state is what a file can be used for.
type state uint8

// A file is ok; or read-only, because the disk is full or the file may not grow; or not open, because it could not be opened again after a commit
// that failed.
const (
	stateOK state = iota
	stateReadOnly
	stateReopening
)

// String names the state for operators.
func (s state) String() string { return [...]string{"ok", "read-only", "reopening"}[s] }

// refusesWrites returns why writes cannot be accepted now, nil if they can.
func (k *fileManager) refusesWrites() error {
	if k.state == stateOK || k.full {
		return nil
	}
	return k.why
}

// become takes note of a state, unless a successor has the file: what a writer that was abandoned thinks of it is not to be said.
func (k *fileManager) setState(s state, why error) {
	if !k.file.ownedBy(k.epoch) {
		return
	}
	if s == stateOK {
		why, k.full = nil, false
	}
	if s != k.state {
		log := k.opts.Log.Warn()
		if s == stateOK {
			log = k.opts.Log.Info()
		}
		log.AnErr("reason", why).Str("file", k.name()).Stringer("state", s).Msg("state of the store")
	}
	k.state, k.why = s, nil
	if why == nil {
		k.health.trouble.Store(nil)
		return
	}
	k.why = domain.Wrap(domain.Unavailable, k.name(), why)
	text := k.why.Error()
	if k.health.trouble.Swap(&text) == nil {
		k.health.failures.Add(1)
	}
}

// noSpace reports whether a write failed because there is no room for it. Some of its errors bbolt flattens to text.
func noSpace(err error) bool {
	for _, e := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, syscall.EROFS} {
		if errors.Is(err, e) || strings.Contains(err.Error(), e.Error()) {
			return true
		}
	}
	return false
}

// probe writes a megabyte beside the file and reports whether it reached the disk.
func probeSpace(dir string) (err error) {
	f, err := os.OpenFile(filepath.Join(dir, "probe.tmp"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // the operator's own directory.
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	if _, err := f.Write(make([]byte, 1<<20)); err != nil {
		return err
	}
	return f.Sync()
}
