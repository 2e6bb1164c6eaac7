//go:build linux

package persistence_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"registrar/persistence/crashtest"
)

// An ext4 on a loop device is shut down under load (EXT4_IOC_SHUTDOWN without flushing its log),
// mounted again and compared with the acknowledged writes. The negative control leaves out fsync
// and has to lose a write.
func TestFileSystemShutdown(t *testing.T) {
	crashtest.NeedsExt4(t)
	t.Run("with fsync nothing is lost", func(t *testing.T) {
		for round := range crashtest.Rounds(t, 1, 4) {
			if lost := shutdown(t, false); lost != "" {
				t.Errorf("round %d: %s", round, lost)
			}
		}
	})
	t.Run("without fsync something is", func(t *testing.T) {
		for range 6 {
			if shutdown(t, true) != "" {
				return
			}
		}
		t.Error("six shutdowns without fsync lost nothing: the test proves nothing")
	})
}

// shutdown runs a writer on a fresh file system until that is shut down, and returns its losses.
func shutdown(t *testing.T, noSync bool) string {
	t.Helper()
	device, err := crashtest.NewExt4(t.TempDir())
	must(t, err)
	defer func() { must(t, errors.Join(device.Unmount(), device.Close())) }()
	data := filepath.Join(device.Dir(), "data")
	must(t, os.Mkdir(data, 0o700))

	d := &disk{t: t, newest: map[string]int{}}
	d.cmd, d.lines = startWriter(t, data, noSync)
	for end := time.Duration(150+rand.IntN(300)) * time.Millisecond; ; {
		d.read(func() bool { return true })
		if time.Since(d.began) > end {
			break
		}
	}
	must(t, device.Shutdown())
	_ = d.cmd.Process.Kill()
	_ = d.cmd.Wait() // killed
	must(t, errors.Join(device.Unmount(), device.Mount()))
	return compare(t, data, d.newest)
}
