package cli_test

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"registrar/amqpbridge/link/rabbit/brokertest"
	"registrar/amqpbridge/link/rabbit/node"
)

// The demo's broker and files are gone with it, also after a kill -9.
func TestDemoLeavesNothingBehind(t *testing.T) {
	if !node.Available() {
		brokertest.Missing(t, "no RabbitMQ: install rabbitmq-server")
	}
	for name, end := range map[string]func(*os.Process) error{
		"kill -9":   (*os.Process).Kill,
		"interrupt": func(p *os.Process) error { return p.Signal(os.Interrupt) },
	} {
		t.Run(name, func(t *testing.T) {
			tmp := t.TempDir()
			demo := exec.CommandContext(t.Context(), os.Args[0], "demo", "--duration", "1h")
			demo.Env = append(os.Environ(), asProgram+"=1", "REGISTRAR_AMQP_URL=", "TMPDIR="+tmp)
			out, err := demo.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			demo.Stderr = os.Stderr
			if err := demo.Start(); err != nil {
				t.Fatal(err)
			}
			said := bufio.NewScanner(out)
			for said.Scan() && !strings.HasPrefix(said.Text(), "5. ") {
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
		})
	}
}

func empty(t *testing.T, dir string) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for {
		left, err := os.ReadDir(dir)
		if err == nil && len(left) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("left behind: %v, %v", left, err)
		}
	}
}
