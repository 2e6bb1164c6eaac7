package sim_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"registrar/supervisor/test/mutants"
)

// mutantSchedules is the number of schedules that have to catch a mutant.
const mutantSchedules = 500

// Each mutant is caught, and without a mutant everything passes.
func TestMutants(t *testing.T) {
	if os.Getenv(mutants.Variable) != "" || *seed != 0 {
		return // this process runs a mutant
	}
	all, err := mutants.CaughtBy("supervisor/test/sim")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	overlay, err := mutants.Overlay(dir)
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "sim.test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", overlay, "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := infected(t, binary, ""); err != nil {
		t.Fatalf("something is found without a planted bug:\n%s", out)
	}
	caught := 0
	replay := regexp.MustCompile(`-seed \d+ -only [\d,]+|-cell '[^']+'`)
	for _, m := range all {
		out, err := infected(t, binary, m.Name)
		if err == nil { // the matrix catches mutants that need two coincidences
			out, err = run(t, m.Name, binary, "-test.run", "^TestCrashMatrix$", "-first")
		}
		how := replay.FindString(string(out))
		if err == nil || how == "" {
			t.Errorf("%s: not found in %d schedules, nor by the matrix\n%s", m.Name, mutantSchedules, out)
			continue
		}
		caught++
		t.Logf("%s: found with %s", m.Name, how)
	}
	t.Logf("%d of %d caught", caught, len(all))
}

// infected plays schedules with a mutant.
func infected(t *testing.T, binary string, m string) ([]byte, error) {
	t.Helper()
	return run(t, m, binary, "-test.run", "^TestSchedules$", "-schedules", strconv.Itoa(mutantSchedules))
}

func run(t *testing.T, m string, binary string, args ...string) ([]byte, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = append(os.Environ(), mutants.Env(m))
	return cmd.CombinedOutput()
}
