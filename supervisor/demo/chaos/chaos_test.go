package chaos_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"registrar/amqpbridge/link/rabbit/brokertest"
	"registrar/amqpbridge/link/rabbit/node"
	"registrar/supervisor/demo/chaos"
	"registrar/supervisor/test/mutants"
)

func TestMain(m *testing.M) { brokertest.Main(m) }

// build builds the registrar, never for the race detector: it runs in a process of its own, and
// its own tests use the race detector.
func build(t *testing.T, args ...string) []string {
	t.Helper()
	if !node.Available() {
		brokertest.Missing(t, "no RabbitMQ: install rabbitmq-server")
	}
	binary := filepath.Join(t.TempDir(), "registrar")
	cmd := exec.CommandContext(t.Context(), "go", append(append([]string{"build"}, args...), "-o", binary, "registrar")...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return []string{binary}
}

// full reports whether campaigns run in full, as in CI.
func full() bool { return os.Getenv("REGISTRAR_TEST_FULL") != "" }

func play(t *testing.T, o chaos.Options) *chaos.Report {
	t.Helper()
	o.Out = t.Output()
	r, err := chaos.Run(context.WithoutCancel(t.Context()), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Print(t.Output()); err != nil {
		t.Fatal(err)
	}
	return r
}

// Every fault happens under load, and every promise is kept. The run with the race detector
// checks the harness alone and is shorter.
func TestChaos(t *testing.T) {
	brokertest.Exclusive(t)
	o := chaos.Defaults()
	o.Program = build(t)
	if !full() {
		o.Phones, o.Rounds, o.Global, o.KillEvery = 300, 1, []chaos.Fault{chaos.StallProcess}, 5*time.Second
		o.Pause = 2 * time.Second
	}
	if withRace {
		o.Rounds, o.Global = 1, []chaos.Fault{chaos.CutNetwork}
	}
	r := play(t, o)
	if err := r.Err(); err != nil {
		t.Error(err)
	}
	happened := map[chaos.Fault]int{}
	for _, h := range r.Heals {
		happened[h.Fault] = h.Happened
	}
	want := append([]chaos.Fault{chaos.KillUser, chaos.KillRealm}, o.Global...)
	if !withRace && full() {
		want = append(want, chaos.KillWriter, chaos.KillBridge, chaos.KillSupervisor)
	}
	for _, f := range want {
		if happened[f] < o.Rounds {
			t.Errorf("%s: happened %d times", f, happened[f])
		}
	}
}

// Chaos catches a registrar with a mutant, each by the promise that it breaks. The runs are side
// by side, each on its own broker. They are a campaign: without REGISTRAR_TEST_FULL none is played.
func TestMutants(t *testing.T) {
	if !full() {
		t.Log("not played without REGISTRAR_TEST_FULL")
		return
	}
	brokertest.Exclusive(t)
	overlay, err := mutants.Overlay(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	program := build(t, "-overlay", overlay)
	for mutant, c := range map[string]struct {
		global []chaos.Fault
		found  string
	}{
		"acknowledge before the commit":        {[]chaos.Fault{chaos.StallProcess}, "registrations lost"},
		"answer from the cache after a change": {nil, "has the password"},
		"skip priming":                         {[]chaos.Fault{chaos.KillProcess}, "is shown at"},
	} {
		if withRace && mutant != "acknowledge before the commit" {
			continue
		}
		t.Run(mutant, func(t *testing.T) {
			t.Parallel()
			o := chaos.Defaults()
			o.Program, o.Env = program, []string{mutants.Env(mutant)}
			o.Phones, o.Kills, o.KillEvery = 100, 0, 0
			o.Global, o.Rounds, o.Pause, o.Duration = c.global, 2, 2*time.Second, 4*time.Second
			o.ShownWithin = 3 * time.Second // some registrations are lost
			if err := play(t, o).Err(); err == nil || !strings.Contains(err.Error(), c.found) {
				t.Errorf("the report says %v, want %q", err, c.found)
			}
		})
	}
}
