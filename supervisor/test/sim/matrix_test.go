package sim_test

import (
	"flag"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"registrar/actors/fault"
	"registrar/supervisor/test/sim"
)

var (
	cell  = flag.String("cell", "", "play only the cells of the crash matrix whose names contain this")
	every = flag.Int("every", oneCellOf(), "play one of so many cells of the crash matrix")
	first = flag.Bool("first", false, "stop the crash matrix at the first failed cell")
)

// TestScenario plays the scenario of the matrix without a fault.
func TestScenario(t *testing.T) {
	if violations, _, chart := scenario(t, sim.Cell{}); len(violations) > 0 {
		t.Fatalf("%s\n%s", strings.Join(violations, "\n"), chart)
	}
}

// scenario plays the scenario with the fault of a cell.
func scenario(t *testing.T, c sim.Cell) (violations []string, reached bool, chart string) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		w := sim.NewWith(1, sim.ScenarioOptions(c))
		violations, reached = w.RunScenario(c)
		if len(violations) > 0 {
			chart = strings.Join(w.Script, "\n") + "\n\n" + w.Chart(*events)
		}
		w.Close()
	})
	return violations, reached, chart
}

// TestCrashMatrix injects every kind of fault at every point of every message of every actor. The
// invariants hold in sample cell.
func TestCrashMatrix(t *testing.T) {
	var cells []sim.Cell
	for _, a := range sim.Actors() {
		cells = append(cells, a.Cells()...)
	}
	cells = append(cells, sim.ModelCells()...)
	if *cell == "" {
		cells = sample(cells, *every)
	} else if cells = matching(cells, *cell); len(cells) == 0 {
		t.Fatalf("no cell of the crash matrix contains %q; run with -v and without -cell to list them", *cell)
	}
	var (
		mu     sync.Mutex
		failed atomic.Bool
	)
	red := map[string]bool{}
	t.Run("cells", func(t *testing.T) {
		n := workers()
		for worker := range n {
			t.Run(strconv.Itoa(worker), func(t *testing.T) {
				t.Parallel()
				for i := worker; i < len(cells) && (!*first || !failed.Load()); i += n {
					if c := cells[i]; !checkCell(t, c) {
						failed.Store(true)
						mu.Lock()
						red[c.String()] = true
						mu.Unlock()
					}
				}
			})
		}
	})
	t.Logf("%d cells, %d failed\n%s", len(cells), len(red), sim.Table(cells, red))
}

// matching returns the cells whose names contain a text.
func matching(cells []sim.Cell, text string) (some []sim.Cell) {
	for _, c := range cells {
		if strings.Contains(c.String(), text) {
			some = append(some, c)
		}
	}
	return some
}

// sample returns every n-th element.
func sample[T any](all []T, n int) (some []T) {
	for i := 0; i < len(all); i += n {
		some = append(some, all[i])
	}
	return some
}

// checkCell reports whether a cell passes, and shows the failure.
func checkCell(t *testing.T, c sim.Cell) bool {
	t.Helper()
	violations, reached, chart := scenario(t, c)
	switch {
	case len(violations) > 0:
		t.Errorf("reproduce it with: go test -run CrashMatrix ./supervisor/test/sim -cell '%s'\n%s\n\n%s", c, strings.Join(violations, "\n"), chart)
	case !reached && c.Kind != fault.Kind(""):
		t.Errorf("%s: the fault never happens in the scenario", c)
	default:
		return true
	}
	return false
}
