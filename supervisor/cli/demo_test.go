package cli_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"registrar/actors/otp/otptest"
	"registrar/amqpbridge/link/rabbit/brokertest"
	"registrar/amqpbridge/link/rabbit/node"
)

// The broker and the files of the demo are deleted, also after a kill -9, and its registrar ends.
func TestDemoLeavesNothingBehind(t *testing.T) {
	if !node.Available() {
		brokertest.Missing(t, "no RabbitMQ: install rabbitmq-server")
	}
	type demo struct {
		args  []string
		until string
	}
	demos := map[string]demo{"walk": {nil, "5. "}}
	if full() {
		demos["chaos"] = demo{[]string{"--chaos"}, "network slow"}
	}
	for name, c := range demos {
		t.Run(name, func(t *testing.T) { // two at a time: each has a broker
			ends := map[string]func(*os.Process) error{"kill -9": (*os.Process).Kill}
			if full() {
				ends["interrupt"] = func(p *os.Process) error { return p.Signal(os.Interrupt) }
			}
			for name, end := range ends {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					leavesNothing(t, end, c.until, c.args...)
				})
			}
		})
	}
}

// leavesNothing ends a demo after a line with a prefix.
func leavesNothing(t *testing.T, end func(*os.Process) error, until string, args ...string) {
	t.Helper()
	tmp := t.TempDir()
	demo := exec.CommandContext(t.Context(), os.Args[0], append([]string{"demo", "--duration", "1h"}, args...)...)
	demo.Env = append(os.Environ(), asProgram+"=1", "REGISTRAR_AMQP=", "TMPDIR="+tmp)
	out, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	demo.Stderr = t.Output()
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	for said.Scan() && !strings.HasPrefix(said.Text(), until) {
		continue
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) == 0 {
		t.Errorf("nothing is in its directory while it runs: %v", err)
	}
	if err := end(demo.Process); err != nil {
		t.Fatal(err)
	}
	if err := demo.Wait(); err == nil {
		t.Error("a demo that was interrupted ends as if all were well")
	}
	empty(t, tmp)
	gone(t, tmp)
}

// gone waits until no registrar uses the directory, on systems with /proc.
func gone(t *testing.T, dir string) {
	t.Helper()
	left := ""
	if otptest.Eventually(func() bool { left = serving(t, dir); return left == "" }) {
		return
	}
	t.Fatalf("still there: %q", left)
}

// serving returns the command line of a registrar that uses a directory, empty if there is none.
func serving(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, _ := os.ReadFile(f) // it may end at this moment
		if line := string(text); strings.Contains(line, "\x00serve\x00") && strings.Contains(line, dir) {
			return line
		}
	}
	return ""
}

func empty(t *testing.T, dir string) {
	t.Helper()
	var left []os.DirEntry
	var err error
	if !otptest.Eventually(func() bool { left, err = os.ReadDir(dir); return err == nil && len(left) == 0 }) {
		t.Fatalf("left behind: %v, %v", left, err)
	}
}
