//go:build linux

package cli_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"registrar/persistence/crashtest"
	"registrar/supervisor/test/mutants"
)

// The power fails repeatedly under load, for the whole server on a real broker: the process is
// killed, and its disk keeps synced data and any part of the rest. After the restart, acknowledged
// registrations and passwords are in the files, the other registrations are redelivered, and
// nothing else exists. The negative control, a commit without fsync or an early acknowledgement,
// loses data.
func TestPowerCutOfTheServer(t *testing.T) {
	path := build(t)
	t.Run("a file system that loses unsynced writes", func(t *testing.T) {
		crashtest.NeedsFUSE(t)
		cutAgainAndAgain(t, path, newForgetful)
	})
	if !full() {
		return
	}
	// The shutdown of an ext4 device acts like a power failure.
	t.Run("ext4 whose device is shut down", func(t *testing.T) {
		crashtest.NeedsExt4(t)
		cutAgainAndAgain(t, path, newDevice)
	})
}

func cutAgainAndAgain(t *testing.T, path string, newDisk func(*testing.T) disk) {
	t.Helper()
	t.Run("nothing is lost", func(t *testing.T) {
		o := newOutage(t, newDisk(t), path, "")
		rounds := crashtest.Rounds(t, 1, 3)
		for round := range rounds {
			if lost := o.round(); lost.any() {
				t.Fatalf("round %d: lost %+v", round, lost)
			}
		}
		o.end()
		t.Logf("%d rounds: %d reports and %d passwords were acknowledged before a cut, %d reports after it; lost 0", rounds, o.acknowledged, o.passwords, o.again)
	})
	faults := []string{"commit without fsync", "acknowledge before the commit"}
	if !full() {
		faults = faults[:1]
	}
	for _, m := range faults {
		t.Run("something is lost with "+m, func(t *testing.T) {
			o := newOutage(t, newDisk(t), path, m)
			for round := range 10 {
				if lost := o.round(); lost.any() {
					t.Logf("round %d: lost %d of %d reports and %d of %d passwords that were acknowledged", round, lost.reports, o.acknowledged, lost.passwords, o.passwords)
					return
				}
			}
			t.Error("ten power cuts lost nothing: the test proves nothing")
		})
	}
}

// build builds a registrar in which a bug can be planted.
func build(t *testing.T) (path string) {
	t.Helper()
	dir := t.TempDir()
	overlay, err := mutants.Overlay(dir)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "registrar")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, "-o", path, "registrar").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// planted is that registrar with a bug, or with none.
func planted(path string, mutant string) binary {
	return binary{path, []string{mutants.Env(mutant)}}
}
