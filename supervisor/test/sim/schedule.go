package sim

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
)

// scheduler holds who has something to do; the world runs them one at a time. Processes call it from any goroutine.
type scheduler struct {
	mu    sync.Mutex
	ready []turns // sorted by name, so that the order in which goroutines have come here does not matter
	over  bool    // its system is dead: nobody runs any more
	// held names a process that has to wait for now.
	held func(process string) bool
}

// turns are what one process has to do.
type turns struct {
	process string
	runs    []func()
}

func newScheduler(held func(process string) bool) *scheduler { return &scheduler{held: held} }

// Schedule takes note that a process has something to do.
func (s *scheduler) Schedule(process string, run func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	i, there := slices.BinarySearchFunc(s.ready, process, func(t turns, name string) int { return strings.Compare(t.process, name) })
	if !there {
		s.ready = slices.Insert(s.ready, i, turns{process: process})
	}
	s.ready[i].runs = append(s.ready[i].runs, run)
}

// next takes one of those who have something to do, nil when there is none. One process at most is held.
func (s *scheduler) next(rng *rand.Rand) (process string, run func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ready) == 0 {
		return "", nil
	}
	i := rng.IntN(len(s.ready))
	if s.held(s.ready[i].process) {
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

// kill ends the system as a kill -9 does: nobody of it runs again.
func (s *scheduler) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over, s.ready = true, nil
}
