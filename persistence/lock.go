package persistence

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"registrar/actors/domain"
)

// Lock is the exclusive use of a data directory for the life of the process. It survives a
// rename of the files, which bbolt's own lock does not.
type Lock struct {
	f    *os.File
	boot uint32
}

// LockDir creates the data directory if it is missing, takes its lock and counts the run. If
// another process holds the lock, the error is [domain.Unavailable] and names its pid.
func LockDir(dir string) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	f, err := lockFile(dir, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, err
	}
	_, boot := readLock(f)
	l := &Lock{f: f, boot: boot + 1}
	if err := l.write(); err != nil {
		_ = f.Close() // the first error is the one that counts
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	return l, nil
}

// HoldDir takes the lock of a data directory as [LockDir] does, and changes nothing: it makes no
// directory and no file, and counts no run. A directory without a lock file is not locked.
func HoldDir(dir string) (*Lock, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, domain.Wrap(domain.NotFound, "data directory", err)
	}
	f, err := lockFile(dir, os.O_RDWR)
	if errors.Is(err, os.ErrNotExist) {
		return &Lock{}, nil
	}
	return &Lock{f: f}, err
}

// lockFile opens the lock file and locks it.
func lockFile(dir string, flag int) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "LOCK"), flag, 0o600) //nolint:gosec // the operator's own directory.
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		pid, _ := readLock(f)
		_ = f.Close() // nothing was written
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, domain.Wrap(domain.Unavailable, "data directory "+dir, fmt.Errorf("in use by process %s", pid))
		}
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	return f, nil
}

func readLock(f *os.File) (pid string, boot uint32) {
	b, err := io.ReadAll(io.NewSectionReader(f, 0, 64))
	lines := strings.Split(string(b), "\n")
	if err != nil || len(lines) < 2 {
		return "unknown", 0
	}
	n, err := strconv.ParseUint(strings.TrimSpace(lines[1]), 10, 24)
	if err != nil {
		n = 0
	}
	return strings.TrimSpace(lines[0]), uint32(n)
}

// write overwrites the file with text of the same length, within one sector: a power failure
// leaves the old text or the new one.
func (l *Lock) write() error {
	text := fmt.Sprintf("%-8d\n%-8d\n", os.Getpid(), l.boot)
	if _, err := l.f.WriteAt([]byte(text), 0); err != nil {
		return err //nolint:wrapcheck // the error names operation and path.
	}
	return l.f.Sync() //nolint:wrapcheck // the error names operation and path.
}

// Boot returns the number of this run on the directory, from 1.
func (l *Lock) Boot() uint32 { return l.boot }

// Release gives up the lock. A second call does nothing.
func (l *Lock) Release() error {
	if l.f == nil {
		return nil
	}
	if err := l.f.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("release the data directory: %w", err)
	}
	return nil
}
