package sim_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"registrar/actors/fault/mutant"
)

// mutantSchedules is how many schedules a planted bug may survive.
const mutantSchedules = 500

// Each planted bug is found, and without one nothing is.
func TestMutants(t *testing.T) {
	if os.Getenv("REGISTRAR_MUTANT") != "" || *seed != 0 {
		return // one of them
	}
	binary := filepath.Join(t.TempDir(), "sim.test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-tags", "mutants", "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := infected(t, binary, ""); err != nil {
		t.Fatalf("something is found without a planted bug:\n%s", out)
	}
	caught := 0
	replay := regexp.MustCompile(`-seed \d+ -only [\d,]+|-cell '[^']+'`)
	for _, m := range mutant.Names() {
		out, err := infected(t, binary, m)
		if err == nil { // what takes two coincidences is the matrix's to find
			out, err = run(t, m, binary, "-test.run", "^TestCrashMatrix$", "-first")
		}
		how := replay.FindString(string(out))
		if err == nil || how == "" {
			t.Errorf("%s: not found in %d schedules, nor by the matrix\n%s", m, mutantSchedules, out)
			continue
		}
		caught++
		t.Logf("%s: found with %s", m, how)
	}
	t.Logf("%d of %d caught", caught, len(mutant.Names()))
}

// infected plays schedules with a planted bug.
func infected(t *testing.T, binary string, m mutant.Name) ([]byte, error) {
	t.Helper()
	return run(t, m, binary, "-test.run", "^TestSchedules$", "-schedules", strconv.Itoa(mutantSchedules))
}

func run(t *testing.T, m mutant.Name, binary string, args ...string) ([]byte, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = append(os.Environ(), "REGISTRAR_MUTANT="+string(m))
	return cmd.CombinedOutput()
}
