package mutants_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"registrar/supervisor/test/mutants"
)

// Every mutant applies to the sources as they are, and the sources compile with all of them.
// Repair the file in testdata of a mutant that does not apply any more.
func TestMutantsApply(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay(t), "-o", os.DevNull, "registrar")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the sources do not compile with the mutants: %v\n%s", err, out)
	}
}

// full reports whether campaigns run in full, as in CI.
func full() bool { return os.Getenv("REGISTRAR_TEST_FULL") != "" }

func overlay(t *testing.T) string {
	t.Helper()
	path, err := mutants.Overlay(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// The named tests pass without a mutant and fail with it. The simulator, the power cuts and chaos
// have tests of their own for the mutants that they catch.
func TestMutants(t *testing.T) {
	all, err := mutants.All()
	if err != nil {
		t.Fatal(err)
	}
	byPackage := map[string][]mutants.Mutant{}
	for i, m := range all {
		// The plain run plays each third mutant.
		if m.Run != "" && m.Package != "supervisor/cli" && (full() || !m.Slow && i%3 == 0) {
			byPackage[m.Package] = append(byPackage[m.Package], m)
		}
	}
	file := overlay(t)
	for i, pkg := range slices.Sorted(maps.Keys(byPackage)) {
		t.Run(pkg, func(t *testing.T) {
			t.Parallel()
			binary := filepath.Join(t.TempDir(), strconv.Itoa(i)+".test")
			cmd := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", file, "-o", binary, "registrar/"+pkg)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			catch(t, pkg, binary, byPackage[pkg])
		})
	}
}

// catch runs the tests of a package without and with each mutant.
func catch(t *testing.T, pkg, binary string, all []mutants.Mutant) {
	t.Helper()
	run := func(mutant, pattern string) (string, error) {
		cmd := exec.CommandContext(t.Context(), binary, "-test.v", "-test.timeout", "1m", "-test.run", pattern)
		cmd.Dir = filepath.Join("../../..", pkg)
		cmd.Env = append(os.Environ(), mutants.Env(mutant))
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	patterns := map[string]bool{}
	for _, m := range all {
		patterns[m.Run] = true
	}
	for pattern := range patterns {
		if out, err := run("", pattern); err != nil || !strings.Contains(out, "--- PASS") {
			t.Errorf("%s fails, or does not exist, without a mutant: %v\n%s", pattern, err, out)
		}
	}
	for _, m := range all {
		out, err := run(m.Name, m.Run)
		at := strings.Index(out, "--- FAIL: ")
		if err == nil || at < 0 {
			t.Errorf("%s passes with the mutant %q in %s\n%s", m.Run, m.Name, m.File, out)
			continue
		}
		line, _, _ := strings.Cut(out[at:], "\n")
		t.Logf("%s: %s", m.Name, line)
	}
}
