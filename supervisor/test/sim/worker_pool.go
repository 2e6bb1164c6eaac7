package sim

import "sync"

// workerPool runs the processes' turns on goroutines that it uses again. A new goroutine for each
// turn grows its stack each time: a fifth of a schedule's run time.
type workerPool struct {
	mu      sync.Mutex
	idle    []chan func()
	stopped bool
}

// run calls f on a worker; f may block or end its goroutine.
func (h *workerPool) run(f func()) {
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

func (h *workerPool) work(f func()) {
	for turns := make(chan func(), 1); f != nil; f = <-turns {
		f()
		if !h.wait(turns) {
			return
		}
	}
}

// wait registers a worker as idle. It returns false when the pool has stopped.
func (h *workerPool) wait(turns chan func()) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped {
		return false
	}
	h.idle = append(h.idle, turns)
	return true
}

// stop ends idle workers at once, and busy ones when their turn returns.
func (h *workerPool) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = true
	for _, turns := range h.idle {
		close(turns)
	}
	h.idle = nil
}
