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

// Each mutant is caught, by schedules or by the crash matrix. Without a mutant both pass.
func TestMutants(t *testing.T) {
	if os.Getenv(mutants.Variable) != "" || *seed != 0 {
		return // this process runs a mutant
	}
	all, err := mutants.CaughtBy("supervisor/test/sim")
	if err != nil {
		t.Fatal(err)
	}
	all = sample(all, pick(6, 1))
	binary := buildWithMutants(t)
	if out, err := infected(t, binary, ""); err != nil {
		t.Fatalf("the schedules fail without a mutant:\n%s", out)
	}
	caught := 0
	replay := regexp.MustCompile(`-seed \d+ -only [\d,]+|-cell '[^']+'`)
	for _, m := range all {
		out, err := infected(t, binary, m.Name)
		if err == nil { // the matrix catches mutants that need two coincidences
			out, err = runMutant(t, m.Name, binary, "-test.run", "^TestCrashMatrix$", "-first", "-every", "1")
		}
		how := replay.FindString(string(out))
		if err == nil || how == "" {
			t.Errorf("%s: not caught by %d schedules or the crash matrix\n%s", m.Name, mutantSchedules, out)
			continue
		}
		caught++
		t.Logf("%s: caught with %s", m.Name, how)
	}
	t.Logf("%d of %d caught", caught, len(all))
}

func buildWithMutants(t *testing.T) (binary string) {
	t.Helper()
	dir := t.TempDir()
	overlay, err := mutants.Overlay(dir)
	if err != nil {
		t.Fatal(err)
	}
	binary = filepath.Join(dir, "sim.test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", overlay, "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// infected plays schedules with a mutant.
func infected(t *testing.T, binary, mutant string) ([]byte, error) {
	t.Helper()
	return runMutant(t, mutant, binary, "-test.run", "^TestSchedules$", "-schedules", strconv.Itoa(mutantSchedules))
}

func runMutant(t *testing.T, mutant, binary string, args ...string) ([]byte, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = append(os.Environ(), mutants.Env(mutant))
	return cmd.CombinedOutput()
}
