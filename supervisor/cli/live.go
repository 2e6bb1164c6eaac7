package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"registrar/supervisor/demo/fleet"
)

// live shows a line a second about a fleet: on a terminal always the same one, elsewhere one below the other.
type live struct {
	out      io.Writer
	terminal bool
	fleet    *fleet.Fleet
	// restarts is shown in the last column; nil leaves it out.
	restarts func() uint64
}

func newLive(out io.Writer, fleet *fleet.Fleet, restarts func() uint64) *live {
	l := &live{out: out, fleet: fleet, restarts: restarts}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		l.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return l
}

// run shows lines until ctx ends.
func (l *live) run(ctx context.Context) error {
	if err := printf(l.out, "%s\n", l.header()); err != nil {
		return err
	}
	began, last := time.Now(), time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := l.show(time.Since(began), time.Since(last)); err != nil {
				return err
			}
			last = time.Now()
		case <-ctx.Done():
			if l.terminal {
				return printf(l.out, "\n")
			}
			return nil
		}
	}
}

func (l *live) show(at, over time.Duration) error {
	line := l.line(at, over)
	if l.terminal {
		return printf(l.out, "\r\x1b[K%s", line)
	}
	return printf(l.out, "%s\n", line)
}

// line is as wide as a narrow terminal.
func (l *live) line(at, over time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%3ds%11d", int(at.Seconds()+0.5), l.fleet.Registered())
	var failed uint64
	for _, f := range l.fleet.Interval() {
		failed += f.Wrong + f.Timeouts + f.Errors
		if f.Operation != fleet.OpQuery {
			fmt.Fprintf(&b, "%9.0f%8s%8s", float64(f.Done)/over.Seconds(), brief(f.P50), brief(f.P99))
		}
	}
	fmt.Fprintf(&b, "%7d", failed)
	if l.restarts != nil {
		fmt.Fprintf(&b, "%9d", l.restarts())
	}
	return b.String()
}

func (l *live) header() string {
	h := fmt.Sprintf("%4s%11s%9s%8s%8s%9s%8s%8s%7s", "time", "registered", "authn/s", "p50", "p99", "reg/s", "p50", "p99", "failed")
	if l.restarts != nil {
		h += fmt.Sprintf("%9s", "restarts")
	}
	return h
}

// brief shows a latency in at most seven characters.
func brief(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.1fms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.2fs", d.Seconds())
}

// table shows the figures of a whole run.
func table(out io.Writer, figures []fleet.Figures, took time.Duration) error {
	if err := printf(out, "%-14s %9s %9s %7s %7s %7s %9s %9s %9s %9s\n", "", "done", "a second", "wrong", "timeout", "error", "p50", "p90", "p99", "max"); err != nil {
		return err
	}
	for _, f := range figures {
		err := printf(out, "%-14s %9d %9.1f %7d %7d %7d %9s %9s %9s %9s\n", f.Operation, f.Done, float64(f.Done)/took.Seconds(), f.Wrong, f.Timeouts,
			f.Errors, brief(f.P50), brief(f.P90), brief(f.P99), brief(f.Max))
		if err != nil {
			return err
		}
	}
	return nil
}
