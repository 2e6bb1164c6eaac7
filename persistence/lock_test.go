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
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"registrar/actors/otp/otptest"
	"registrar/persistence"
	"registrar/persistence/crashtest"
)

// The number of a run is larger than all before, even if the process is killed while it writes
// the number.
func TestRunsAreCountedOverPowerCuts(t *testing.T) {
	crashtest.NeedsFUSE(t)
	dir := t.TempDir()
	fs, err := crashtest.Mount(dir, map[string][]byte{"LOCK": nil})
	must(t, err)
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), lockChild+"="+dir), os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	var last atomic.Int64
	var reader sync.WaitGroup
	reader.Go(func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			n, _ := strconv.ParseInt(lines.Text(), 10, 64)
			last.Store(n)
		}
	})
	r := rand.New(rand.NewPCG(1, 2))
	after := t.TempDir()
	const wantCuts, wantRuns = 300, 100
	cuts := 0 // since it has begun
	for began := time.Now(); time.Since(began) < otptest.Timeout && (cuts < wantCuts || last.Load() < wantRuns); {
		<-time.After(rand.N(5 * time.Millisecond))
		before := last.Load()
		if before > 0 {
			cuts++
		}
		must(t, os.WriteFile(filepath.Join(after, "LOCK"), fs.Crash(r)["LOCK"], 0o600))
		l, err := persistence.LockDir(after)
		must(t, err)
		if int64(l.Boot()) <= before {
			t.Errorf("run %d comes after run %d", l.Boot(), before)
		}
		must(t, l.Release())
	}
	must(t, cmd.Process.Kill())
	reader.Wait()
	_ = cmd.Wait() // killed
	must(t, fs.Unmount())
	if cuts < wantCuts || last.Load() < wantRuns {
		t.Errorf("only %d power cuts in %d runs", cuts, last.Load())
	}
}

// lockChild is the environment variable with the data directory of the process that counts runs.
const lockChild = "REGISTRAR_TEST_LOCK_DIR"

// runLockChild locks and releases the directory as fast as it can, and prints the numbers.
func runLockChild(dir string) int {
	for {
		l, err := persistence.LockDir(dir)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Fprintln(os.Stdout, l.Boot())
		if err := l.Release(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
}
