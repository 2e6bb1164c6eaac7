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
	"testing"
	"time"

	"registrar/actors/domain"
	"registrar/persistence"
	"registrar/persistence/crashtest"
)

// After power failures under load every acknowledged write is there, whatever part of the
// unsynced pages and names reached the disk. The negative control leaves out fsync and has to
// lose a write.
func TestPowerFailure(t *testing.T) {
	crashtest.NeedsFUSE(t)
	t.Run("with fsync nothing is lost", func(t *testing.T) {
		for round := range crashtest.Rounds(t, 2, 6) {
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

// powerFailure runs one writer until the power fails, and returns its losses.
func powerFailure(t *testing.T, seed uint64, noSync bool) (lost string) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	d := newDisk(t, noSync)
	fail := time.Duration(150+r.IntN(300)) * time.Millisecond
	d.read(func() bool { return time.Since(d.began) > fail })
	return d.crash(r)
}

// disk is a crashing file system with a process that writes to it as fast as it can, and the
// output of the process.
type disk struct {
	t      *testing.T
	fs     *crashtest.FS
	cmd    *exec.Cmd
	lines  *bufio.Scanner
	began  time.Time      // of the first line
	newest map[string]int // acknowledged, by user
	errs   []string
	acks   int
}

func newDisk(t *testing.T, noSync bool) *disk {
	t.Helper()
	dir := t.TempDir()
	fs, err := crashtest.Mount(dir, nil)
	must(t, err)
	d := &disk{t: t, fs: fs, newest: map[string]int{}}
	d.cmd, d.lines = startWriter(t, dir, noSync)
	return d
}

func startWriter(t *testing.T, dir string, noSync bool) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), crashChild+"="+dir)
	if noSync {
		cmd.Env = append(cmd.Env, crashNoSync+"=1")
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	return cmd, bufio.NewScanner(out)
}

// read records the writer's output until enough reports true.
func (d *disk) read(enough func() bool) {
	d.t.Helper()
	for d.lines.Scan() {
		if d.began.IsZero() {
			d.began = time.Now()
		}
		d.note(d.lines.Text())
		if enough() {
			return
		}
	}
	d.t.Fatal("the writer ended by itself")
}

func (d *disk) note(line string) {
	d.t.Helper()
	if text, failed := strings.CutPrefix(line, "error "); failed {
		d.errs = append(d.errs, text)
		return
	}
	user, n, _ := strings.Cut(line, " ")
	i, err := strconv.Atoi(n)
	must(d.t, err)
	d.newest[user] = max(d.newest[user], i)
	d.acks++
}

// crash cuts the power, and returns the lost acknowledged writes.
func (d *disk) crash(r *rand.Rand) string {
	d.t.Helper()
	image := d.fs.Crash(r)
	_ = d.cmd.Process.Kill()
	_ = d.cmd.Wait() // killed
	must(d.t, d.fs.Unmount())
	if len(d.newest) == 0 {
		d.t.Fatal("nothing was acknowledged")
	}
	after := d.t.TempDir()
	for name, b := range image {
		must(d.t, os.WriteFile(filepath.Join(after, name), b, 0o600))
	}
	return compare(d.t, after, d.newest)
}

// compare opens the image of the disk.
func compare(t *testing.T, dir string, newest map[string]int) string {
	t.Helper()
	if !exists(filepath.Join(dir, "registrations.db")) {
		return "the file is gone"
	}
	f, err := persistence.OpenRegistrations(persistence.Options{Dir: dir})
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

// On a full disk writes are refused with the reason, no acknowledged write is lost, and writing
// resumes when space is free.
func TestDiskFull(t *testing.T) {
	crashtest.NeedsFUSE(t)
	d := newDisk(t, false)
	d.read(func() bool { return d.acks > 2000 })
	d.fs.SetSpace(1)
	d.read(func() bool { return len(d.errs) > 300 }) // every user was refused and has retried
	if text := d.errs[len(d.errs)-1]; !strings.Contains(text, "no space left on device") || !strings.Contains(text, "writing resumes by itself") {
		t.Errorf("refused with %q", text)
	}
	d.fs.SetSpace(0)
	before := d.acks
	d.read(func() bool { return d.acks > before+2000 })
	if lost := d.crash(rand.New(rand.NewPCG(1, 1))); lost != "" {
		t.Error(lost)
	}
}

// A failed sync, of the pages or of the meta page, has an unknown outcome: its writes are not
// acknowledged, the file is reopened, and every write acknowledged later is on disk.
func TestSyncFails(t *testing.T) {
	crashtest.NeedsFUSE(t)
	for round := range crashtest.Rounds(t, 1, 4) {
		r := rand.New(rand.NewPCG(uint64(round), 2))
		d := newDisk(t, false)
		for range 5 {
			before := d.acks
			d.read(func() bool { return d.acks > before+200+r.IntN(1000) })
			failed := len(d.errs)
			d.fs.FailSyncs(1 + r.IntN(2))
			d.read(func() bool { return len(d.errs) > failed })
		}
		before := d.acks
		d.read(func() bool { return d.acks > before+200 })
		if lost := d.crash(r); lost != "" {
			t.Errorf("round %d: %s", round, lost)
		}
	}
}
