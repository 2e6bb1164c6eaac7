package persistence

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"registrar/actors/domain"
)

// state is the usability of a file.
type state uint8

// A file is read-only if the disk or the file is full. It is reopening, and closed, if it could
// not be opened after a failed commit.
const (
	stateOK state = iota
	stateReadOnly
	stateReopening
)

// String returns the state for operators.
func (s state) String() string { return [...]string{"ok", "read-only", "reopening"}[s] }

// refusesWrites returns why writes are refused, or nil.
func (k *fileManager) refusesWrites() error {
	if k.state == stateOK || k.full {
		return nil
	}
	return k.why
}

// setState changes the state, logs it and publishes the reason. It does nothing if the file has
// a later owner.
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
		log.AnErr("reason", why).Str("file", k.name()).Stringer("state", s).Msg("store state changed")
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

// noSpace reports whether a write failed for lack of space. bbolt flattens some errors to text.
func noSpace(err error) bool {
	for _, e := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, syscall.EROFS} {
		if errors.Is(err, e) || strings.Contains(err.Error(), e.Error()) {
			return true
		}
	}
	return false
}

// probeSpace reports whether a megabyte beside the file reaches the disk.
func probeSpace(dir string) (err error) {
	f, err := os.OpenFile(filepath.Join(dir, "probe.tmp"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // the operator's own directory.
	if err != nil {
		return err //nolint:wrapcheck // the error names operation and path.
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	if _, err := f.Write(make([]byte, 1<<20)); err != nil {
		return err //nolint:wrapcheck // the error names operation and path.
	}
	return f.Sync() //nolint:wrapcheck // the error names operation and path.
}
