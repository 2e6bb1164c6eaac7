//go:build linux

package persistence_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"registrar/actors/domain"
	"registrar/persistence"
	"registrar/persistence/crashfs"
)

// The power fails under load, again and again: what was acknowledged is there, whatever part of the unsynced pages reached the
// disk. Without fsync something is lost: so the test can tell.
func TestPowerFailure(t *testing.T) {
	if _, err := os.Stat("/dev/fuse"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("CI has to have /dev/fuse")
		}
		t.Skip("no /dev/fuse: power failures are not tested")
	}
	t.Run("with fsync nothing is lost", func(t *testing.T) {
		for round := range 6 {
			if lost := powerFailure(t, uint64(round), false); lost != "" {
				t.Errorf("round %d: %s", round, lost)
			}
		}
	})
	t.Run("without fsync something is", func(t *testing.T) {
		for round := range 10 {
			if lost := powerFailure(t, uint64(round), true); lost != "" {
				return
			}
		}
		t.Error("ten power failures without fsync lost nothing: the test proves nothing")
	})
}

// powerFailure runs one writer until the power fails and returns what it lost.
func powerFailure(t *testing.T, seed uint64, noSync bool) (lost string) {
	t.Helper()
	dir := t.TempDir()
	disk, err := crashfs.Mount(dir)
	must(t, err)
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), crashChild+"="+dir)
	if noSync {
		cmd.Env = append(cmd.Env, crashNoSync+"=1")
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())

	r := rand.New(rand.NewPCG(seed, 1))
	newest := map[string]int{}
	var image map[string][]byte
	var once sync.Once
	fail := time.Duration(150+r.IntN(300)) * time.Millisecond
	var began time.Time
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if began.IsZero() {
			began = time.Now()
		}
		if time.Since(began) > fail { // what was read so far was acknowledged before the power fails
			once.Do(func() {
				image = disk.Crash(r)
				_ = cmd.Process.Kill()
			})
			break
		}
		user, n, _ := strings.Cut(lines.Text(), " ")
		i, err := strconv.Atoi(n)
		must(t, err)
		newest[user] = max(newest[user], i)
	}
	if image == nil {
		t.Fatal("the writer ended by itself")
	}
	_ = cmd.Wait() // killed
	must(t, disk.Unmount())
	if len(newest) == 0 {
		t.Fatal("nothing was acknowledged")
	}
	return compare(t, image, newest)
}

// compare opens what is left of the disk.
func compare(t *testing.T, image map[string][]byte, newest map[string]int) string {
	t.Helper()
	after := t.TempDir()
	for name, b := range image {
		must(t, os.WriteFile(filepath.Join(after, name), b, 0o600))
	}
	f, err := persistence.OpenRegistrations(persistence.Options{Dir: after})
	if err != nil {
		return "the file cannot be opened: " + err.Error()
	}
	defer func() { must(t, f.Close()) }()
	recs, err := f.Page("", domain.Key{}, 1000)
	if err != nil {
		return "the file cannot be read: " + err.Error()
	}
	stored := map[string]int{}
	for _, rec := range recs {
		stored[string(rec.Key.User)], _ = strconv.Atoi(rec.Bindings[0].Contact)
	}
	for user, n := range newest {
		if stored[user] < n {
			return fmt.Sprintf("user %s: %d was acknowledged, %d is stored", user, n, stored[user])
		}
	}
	return ""
}
