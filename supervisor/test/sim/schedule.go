package sim

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
)

// scheduler holds the processes that have work; the world runs them one at a time. Processes call
// it from any goroutine.
type scheduler struct {
	mu    sync.Mutex
	ready []runQueue // sorted by name: the order in which goroutines arrive does not matter
	dead  bool       // the system is dead: nothing runs any more
	// blocked reports whether a process has to wait for now.
	blocked func(process string) bool
}

// runQueue is the work of one process.
type runQueue struct {
	process string
	runs    []func()
}

func newScheduler(held func(process string) bool) *scheduler { return &scheduler{blocked: held} }

// Schedule adds work of a process.
func (s *scheduler) Schedule(process string, run func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		return
	}
	i, there := slices.BinarySearchFunc(s.ready, process, func(t runQueue, name string) int { return strings.Compare(t.process, name) })
	if !there {
		s.ready = slices.Insert(s.ready, i, runQueue{process: process})
	}
	s.ready[i].runs = append(s.ready[i].runs, run)
}

// next takes one process with work at random, nil when there is none. At most one process is
// blocked.
func (s *scheduler) next(rng *rand.Rand) (process string, run func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ready) == 0 {
		return "", nil
	}
	i := rng.IntN(len(s.ready))
	if s.blocked(s.ready[i].process) {
		if len(s.ready) == 1 {
			return "", nil
		}
		i = (i + 1) % len(s.ready)
	}
	process, run = s.ready[i].process, s.ready[i].runs[0]
	if s.ready[i].runs = s.ready[i].runs[1:]; len(s.ready[i].runs) == 0 {
		s.ready = slices.Delete(s.ready, i, i+1)
	}
	return process, run
}

// kill ends the system as kill -9 does: no process runs again.
func (s *scheduler) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead, s.ready = true, nil
}
