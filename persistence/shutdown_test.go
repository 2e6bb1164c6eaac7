//go:build linux

package persistence_test

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The file system is shut down under load as if the power had failed (ext4 on a loop device, EXT4_IOC_SHUTDOWN without flushing its log), mounted again and
// compared with what was acknowledged. Without fsync something is lost.
func TestFileSystemShutdown(t *testing.T) {
	_, missing := exec.LookPath("mkfs.ext4")
	needs(t, "loop device for root, or mkfs.ext4", os.Geteuid() == 0 && exists("/dev/loop-control") && missing == nil)
	t.Run("with fsync nothing is lost", func(t *testing.T) {
		for round := range rounds(t, 4) {
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

// shutdown lets a writer work on a fresh file system until that is shut down, and returns what is lost.
func shutdown(t *testing.T, noSync bool) string {
	t.Helper()
	dir := t.TempDir()
	image, mount := filepath.Join(dir, "image"), filepath.Join(dir, "mount")
	must(t, os.Mkdir(mount, 0o700))
	f, err := os.Create(image)
	must(t, err)
	must(t, f.Truncate(128<<20))
	must(t, f.Close())
	run(t, "mkfs.ext4", "-q", "-F", image)
	loop := strings.TrimSpace(run(t, "losetup", "--find", "--show", image))
	defer run(t, "losetup", "--detach", loop)
	run(t, "mount", "-t", "ext4", loop, mount)
	data := filepath.Join(mount, "data")
	must(t, os.Mkdir(data, 0o700))

	d := &disk{t: t, newest: map[string]int{}}
	d.cmd, d.lines = startWriter(t, data, noSync)
	for end := time.Duration(150+rand.IntN(300)) * time.Millisecond; ; {
		d.read(func() bool { return true })
		if time.Since(d.began) > end {
			break
		}
	}
	root, err := os.Open(mount)
	must(t, err)
	const goDown, noLogFlush = 0x8004587d, 2
	must(t, unix.IoctlSetPointerInt(int(root.Fd()), goDown, noLogFlush))
	must(t, root.Close())
	_ = d.cmd.Process.Kill()
	_ = d.cmd.Wait() // killed
	run(t, "umount", mount)

	run(t, "mount", "-t", "ext4", loop, mount)
	defer run(t, "umount", mount)
	return compare(t, data, d.newest)
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
	return string(out)
}
