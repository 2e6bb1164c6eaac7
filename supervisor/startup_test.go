package supervisor_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"registrar/actors/fault"
	"registrar/actors/otp/otptest"
	"registrar/amqpbridge/link/memory"
	"registrar/supervisor"
	"registrar/supervisor/console"
)

// The control socket is served before the processes have started, which can take long. Commands
// are refused with one sentence until then.
func TestControlWhileItStarts(t *testing.T) {
	var faults fault.Set
	if _, err := faults.Arm(fault.Rule{Point: fault.BeforeInit, Kind: fault.Hang, Process: "realms"}); err != nil {
		t.Fatal(err)
	}
	cfg := testConfig(t.TempDir(), memory.New())
	cfg.Faults = &faults
	started := make(chan error, 1)
	go func() {
		s, err := supervisor.Start(context.Background(), cfg)
		if err == nil {
			err = s.Stop(context.Background())
		}
		started <- err
	}()
	t.Cleanup(func() {
		faults.Disarm(0)
		if err := <-started; err != nil {
			t.Error(err)
		}
	})
	socket := filepath.Join(cfg.Data, supervisor.ControlSocket)
	if !otptest.Eventually(func() bool { _, err := os.Stat(socket); return err == nil && faults.Rules()[0].Hits > 0 }) {
		t.Fatal("it does not come as far")
	}
	c := console.NewClient(socket)
	asked := map[string]func() error{
		"tree": func() error { _, err := c.Tree(t.Context()); return err },
		"show": func() error { _, err := c.Inspect(t.Context(), "realms"); return err },
	}
	for _, verb := range []string{"suspend", "resume", "step", "kill", "abandon"} {
		asked[verb] = func() error { return c.Control(t.Context(), verb, "realms") }
	}
	for what, ask := range asked {
		if err := ask(); err == nil || err.Error() != console.ErrStarting.Error() {
			t.Errorf("%s: %v", what, err)
		}
	}
}
