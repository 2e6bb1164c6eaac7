package crashtest

import (
	"os"
	"os/exec"
	"strconv"
	"testing"
)

// NeedsFUSE skips a test where [Mount] cannot work, and fails it in CI.
func NeedsFUSE(tb testing.TB) {
	tb.Helper()
	needs(tb, "/dev/fuse", exists("/dev/fuse"))
}

// NeedsExt4 skips a test where [NewExt4] cannot work, and fails it in CI.
func NeedsExt4(tb testing.TB) {
	tb.Helper()
	_, missing := exec.LookPath("mkfs.ext4")
	needs(tb, "loop device for root, or mkfs.ext4", os.Geteuid() == 0 && exists("/dev/loop-control") && missing == nil)
}

func needs(tb testing.TB, what string, there bool) {
	tb.Helper()
	ci, _ := os.LookupEnv("CI")
	switch {
	case there:
	case ci == "true":
		tb.Fatalf("CI has to have %s", what)
	default:
		tb.Skipf("NOT TESTED HERE: there is no %s", what)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Rounds returns how often a crash is tried: plain times, or full times when REGISTRAR_TEST_FULL is
// set, as in CI. REGISTRAR_TEST_ROUNDS overrides both.
func Rounds(tb testing.TB, plain, full int) int {
	tb.Helper()
	text, _ := os.LookupEnv("REGISTRAR_TEST_ROUNDS")
	if text == "" {
		if all, _ := os.LookupEnv("REGISTRAR_TEST_FULL"); all != "" {
			return full
		}
		return plain
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}
