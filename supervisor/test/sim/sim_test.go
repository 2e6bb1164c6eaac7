package sim_test

import (
	"flag"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"registrar/supervisor/test/sim"
)

var (
	seed      = flag.Uint64("seed", 0, "play only the schedule of this seed")
	only      = flag.String("only", "", "with -seed: only these choices, separated by commas")
	schedules = flag.Int("schedules", schedulesPlayed(), "number of schedules to play")
	from      = flag.Int("from", 1, "first seed")
	events    = flag.Int("events", 60, "number of events in the chart of a failure")
	choices   = flag.Int("choices", 60, "number of choices in a schedule before its faults end")
)

// full reports whether campaigns run in full, as in CI.
func full() bool { return os.Getenv("REGISTRAR_TEST_FULL") != "" }

// pick returns the size of a sample, or that of a full run.
func pick(sample, all int) int {
	if full() {
		return all
	}
	return sample
}

func TestMain(m *testing.M) {
	debug.SetGCPercent(-1) // worlds are short-lived and little of them is alive at any time
	debug.SetMemoryLimit(1 << 28)
	os.Exit(m.Run())
}

// workers is how many worlds run side by side.
func workers() int { return runtime.GOMAXPROCS(0) }

// result is the outcome of a schedule.
type result struct {
	violations, script []string
	chart              string
	processes          []string // the process of each step
	steps              int
}

// String shows a failed schedule.
func (p result) String() string {
	return strings.Join(p.violations, "\n") + "\n\n" + strings.Join(p.script, "\n") + "\n\n" + p.chart
}

func play(t *testing.T, seed uint64, choices []int) (out result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := sim.New(seed)
		w.Trace = func(_ int, process string) { out.processes = append(out.processes, process) }
		out.violations = w.Run(choices)
		if len(out.violations) > 0 {
			out.chart = w.Chart(*events)
		}
		out.steps, out.script = w.Steps, w.Script
		w.Close()
	})
	return out
}

// upTo returns the choices from 1 to n.
func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i + 1
	}
	return out
}

// TestSchedules plays random schedules; the invariants hold in each.
func TestSchedules(t *testing.T) {
	if *seed != 0 {
		if p := play(t, *seed, chosen(t)); len(p.violations) > 0 {
			t.Fatal(p)
		}
		return
	}
	var total atomic.Int64
	n := workers()
	t.Run("all", func(t *testing.T) {
		for first := range n {
			t.Run(strconv.Itoa(first), func(t *testing.T) {
				t.Parallel()
				for s := first; s < *schedules; s += n {
					total.Add(int64(runSeed(t, uint64(*from+s))))
				}
			})
		}
	})
	t.Logf("%d schedules, %d messages", *schedules, total.Load())
}

// runSeed plays the schedule of a seed and shows a failure as the shortest that fails.
func runSeed(t *testing.T, seed uint64) (steps int) {
	t.Helper()
	p := play(t, seed, upTo(*choices))
	if len(p.violations) > 0 {
		short := shrink(upTo(*choices), func(c []int) bool { return len(play(t, seed, c).violations) > 0 })
		t.Fatalf("reproduce it with: go test -run Schedules ./supervisor/test/sim -seed %d -only %s\n%v", seed, list(short), play(t, seed, short))
	}
	return p.steps
}

func chosen(t *testing.T) (out []int) {
	t.Helper()
	if *only == "" {
		return upTo(*choices)
	}
	for s := range strings.SplitSeq(*only, ",") {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, n)
	}
	return out
}

func list(choices []int) string {
	var out []string
	for _, c := range choices {
		out = append(out, strconv.Itoa(c))
	}
	return strings.Join(out, ",")
}

// shrink leaves out choices that a failure does not need: large pieces first, then smaller ones.
func shrink(choices []int, fails func([]int) bool) []int {
	for size := len(choices) / 2; size > 0; {
		smaller := false
		for at := 0; at+size <= len(choices); {
			rest := slices.Concat(choices[:at], choices[at+size:])
			if len(rest) > 0 && fails(rest) {
				choices, smaller = rest, true
			} else {
				at += size
			}
		}
		if !smaller || size > 1 {
			size /= 2
		}
	}
	return choices
}

// A seed determines the run, message by message.
func TestSeedsReplay(t *testing.T) {
	for s := range uint64(50) {
		a, b := play(t, s+1, upTo(*choices)), play(t, s+1, upTo(*choices))
		for i := range a.processes {
			if i == len(b.processes) || a.processes[i] != b.processes[i] {
				t.Fatalf("seed %d: the runs differ at step %d:\n%q\n%q", s+1, i, a.processes[max(0, i-20):i+1], b.processes[max(0, i-20):i+1])
			}
		}
		if diff := cmp.Diff(a.script, b.script); diff != "" || a.steps != b.steps {
			t.Fatalf("seed %d: %d and %d messages\n%s", s+1, a.steps, b.steps, diff)
		}
	}
}
