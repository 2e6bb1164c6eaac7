//go:build unix

package brokertest

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Exclusive waits until no other test that called it runs, in this process or another. Tests that
// measure time call it, because go test runs packages in parallel.
func Exclusive(tb testing.TB) {
	tb.Helper()
	f, err := os.OpenFile(filepath.Join(os.TempDir(), "registrar-tests-exclusive.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = f.Close() }) // releases the lock
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		tb.Fatal(err)
	}
}
