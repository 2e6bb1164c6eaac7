package chaos

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// counters adds up the metrics of all incarnations of the process. It reads them regularly and
// before each planned kill -9; counts since the last reading are lost.
type counters struct {
	proc *process

	mu   sync.Mutex
	now  map[string]float64 // of the present incarnation
	sum  map[string]float64 // of earlier incarnations
	last int
}

func newCounters(p *process) *counters { return &counters{proc: p, sum: map[string]float64{}} }

// readEvery is the interval between two readings.
const readEvery = 250 * time.Millisecond

// run reads until ctx ends.
func (c *counters) run(ctx context.Context) {
	tick := time.NewTicker(readEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			_ = c.read(ctx) // the process may be down
		case <-ctx.Done():
			return
		}
	}
}

// read reads the metrics once.
func (c *counters) read(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	starts := int(c.proc.starts.Load())
	text, status, err := c.proc.get(ctx, "/metrics")
	if err != nil || status != http.StatusOK {
		return err
	}
	if starts != c.last {
		for k, n := range c.now {
			c.sum[k] += n
		}
		c.last = starts
	}
	c.now = map[string]float64{}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		var n float64
		name, value, _ := strings.Cut(lines.Text(), " ")
		if labels, ok := strings.CutPrefix(name, "registrar_messages_total"); ok {
			if _, err := fmt.Sscan(value, &n); err == nil {
				c.now[labels] = n
			}
		}
	}
	return nil
}

// of returns the outcomes of a flow, summed over all incarnations.
func (c *counters) of(flow string) map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]int{}
	for _, m := range []map[string]float64{c.sum, c.now} {
		for labels, n := range m {
			var in, outcome string
			if _, err := fmt.Sscanf(strings.ReplaceAll(labels, ",", " "), "{flow=%q outcome=%q}", &in, &outcome); err == nil && in == flow {
				all[outcome] += int(n)
			}
		}
	}
	return all
}
