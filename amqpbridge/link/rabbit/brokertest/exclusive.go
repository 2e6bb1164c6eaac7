//go:build unix

package brokertest

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Alone has a test that measures time, or needs all of the machine, wait until no other such test runs, in this process or another: go test runs packages
// side by side.
func Exclusive(tb testing.TB) {
	tb.Helper()
	f, err := os.OpenFile(filepath.Join(os.TempDir(), "registrar-tests-alone.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = f.Close() }) // and with it the lock
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		tb.Fatal(err)
	}
}
