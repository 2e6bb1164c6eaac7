package sim

import "sync"

// hands are the goroutines that run the processes' turns. One that has run a turn runs another: a new one for each had to grow its stack anew each time, a
// fifth of all that a schedule took.
type hands struct {
	mu    sync.Mutex
	idle  []chan func()
	ended bool
}

// run has a goroutine call f, which may hold it or end it.
func (h *hands) run(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	last := len(h.idle) - 1
	if last < 0 {
		go h.work(f)
		return
	}
	h.idle[last] <- f
	h.idle = h.idle[:last]
}

func (h *hands) work(f func()) {
	for turns := make(chan func(), 1); f != nil; f = <-turns {
		f()
		if !h.rest(turns) {
			return
		}
	}
}

// rest notes who waits for a turn; it refuses when there will be none.
func (h *hands) rest(turns chan func()) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		return false
	}
	h.idle = append(h.idle, turns)
	return true
}

// end ends those who wait for a turn, and those who are held as soon as they come back.
func (h *hands) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = true
	for _, turns := range h.idle {
		close(turns)
	}
	h.idle = nil
}
