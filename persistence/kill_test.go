package persistence_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"registrar/actors/domain"
	"registrar/actors/otp"
	"registrar/persistence"
	"registrar/persistence/crashtest"
)

// crashChild is the environment variable with the data directory of the process that is killed.
// With crashNoSync set, it leaves out fsync.
const (
	crashChild  = "REGISTRAR_TEST_CRASH_DIR"
	crashNoSync = "REGISTRAR_TEST_CRASH_NOSYNC"
)

// runCrashChild writes as fast as it can, and prints each acknowledged write: user and number.
func runCrashChild(dir string) int {
	sys := otp.NewSystem()
	o := persistence.DefaultOptions(dir)
	if os.Getenv(crashNoSync) != "" {
		o = persistence.WithoutSync(o)
	}
	s := persistence.NewRegistrations(sys, o)
	if _, err := otp.Start(context.Background(), sys, "store", s.Children()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	acked := make(chan string, 1000)
	for u := range 100 {
		user := strconv.Itoa(u)
		var next func(n int)
		next = func(n int) {
			s.Write(otp.External("test"), record(user, strconv.Itoa(n)), 1, func(err error) {
				if err != nil { // it is printed, and retried until it succeeds
					acked <- "error " + err.Error()
					time.AfterFunc(20*time.Millisecond, func() { next(n) })
					return
				}
				acked <- user + " " + strconv.Itoa(n)
				next(n + 1)
			})
		}
		s.Fence(otp.External("test"), key(user), 1, func(r domain.Record, _ error) {
			first := 1
			if len(r.Bindings) > 0 {
				first, _ = strconv.Atoi(r.Bindings[0].Contact)
				first++
			}
			next(first)
		})
	}
	for line := range acked {
		fmt.Fprintln(os.Stdout, line)
	}
	return 0
}

// A process that is killed with -9 under load loses no acknowledged write.
func TestKillNine(t *testing.T) {
	dir := t.TempDir()
	newest := map[string]int{}
	for round := range crashtest.Rounds(t, 2, 8) {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), crashChild+"="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		lines := bufio.NewScanner(out)
		acks := 0
		for lines.Scan() {
			if acks == 0 { // it has begun to write
				time.AfterFunc(time.Duration(rand.IntN(300))*time.Millisecond, func() { _ = cmd.Process.Kill() })
			}
			user, n, ok := strings.Cut(lines.Text(), " ")
			if i, err := strconv.Atoi(n); ok && err == nil {
				newest[user] = max(newest[user], i)
				acks++
			}
		}
		_ = cmd.Wait() // killed
		if acks == 0 {
			t.Fatalf("round %d acknowledged nothing", round)
		}
		f, err := persistence.OpenRegistrations(persistence.Options{Dir: dir})
		must(t, err)
		recs, err := f.Page("", domain.Key{}, 1000)
		must(t, err)
		must(t, f.Close())
		stored := map[string]int{}
		for _, r := range recs {
			stored[string(r.Key.User)], _ = strconv.Atoi(r.Bindings[0].Contact)
		}
		for user, n := range newest {
			if stored[user] < n {
				t.Errorf("round %d: user %s: %d was acknowledged, %d is stored", round, user, n, stored[user])
			}
		}
	}
}
