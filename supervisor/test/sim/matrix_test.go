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
	cell  = flag.String("cell", "", "play the cells of the crash matrix whose name has this in it, and show those that fail")
	first = flag.Bool("first", false, "play no more cells of the crash matrix when one has failed")
)

// TestScenario plays the scenario of the matrix without a fault.
func TestTour(t *testing.T) {
	if violations, _, story := tour(t, sim.Cell{}); len(violations) > 0 {
		t.Fatalf("%s\n%s", strings.Join(violations, "\n"), story)
	}
}

// runScenario plays the scenario with the fault of a cell.
func tour(t *testing.T, c sim.Cell) (violations []string, reached bool, story string) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		w := sim.NewWith(1, sim.TourOptions(c))
		violations, reached = w.Tour(c)
		if len(violations) > 0 {
			story = strings.Join(w.Script, "\n") + "\n\n" + w.Story(*events)
		}
		w.Close()
	})
	return violations, reached, story
}

// TestCrashMatrix injects every kind of fault at every point of every message of every actor. The
// invariants hold in each cell.
func TestCrashMatrix(t *testing.T) {
	var cells []sim.Cell
	for _, a := range sim.Actors() {
		cells = append(cells, a.Cells()...)
	}
	cells = append(cells, sim.ModelCells()...)
	if *cell == "" {
		cells = each(cells, everyCell)
	}
	var (
		mu     sync.Mutex
		enough atomic.Bool
	)
	red := map[string]bool{}
	t.Run("cells", func(t *testing.T) {
		workers := atOnce()
		for worker := range workers {
			t.Run(strconv.Itoa(worker), func(t *testing.T) {
				t.Parallel()
				for i := worker; i < len(cells) && (!*first || !enough.Load()); i += workers {
					if c := cells[i]; strings.Contains(c.String(), *cell) && !green(t, c) {
						enough.Store(true)
						mu.Lock()
						red[c.String()] = true
						mu.Unlock()
					}
				}
			})
		}
	})
	t.Logf("%d cells, %d red\n%s", len(cells), len(red), sim.Table(cells, red))
}

// sample returns every n-th element.
func each[T any](all []T, n int) (some []T) {
	for i := 0; i < len(all); i += n {
		some = append(some, all[i])
	}
	return some
}

// checkCell reports whether a cell passes, and shows the failure.
func green(t *testing.T, c sim.Cell) bool {
	t.Helper()
	violations, reached, story := tour(t, c)
	switch {
	case len(violations) > 0:
		t.Errorf("play it again with: go test -run CrashMatrix ./supervisor/test/sim -cell '%s'\n%s\n\n%s", c, strings.Join(violations, "\n"), story)
	case !reached && c.Kind != fault.Kind(""):
		t.Errorf("%s: it never happens in the scenario", c)
	default:
		return true
	}
	return false
}
