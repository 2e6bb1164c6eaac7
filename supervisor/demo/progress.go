package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"registrar/supervisor/demo/fleet"
)

// Progress prints one line a second about a fleet. On a terminal each line replaces the last one.
type Progress struct {
	out      io.Writer
	terminal bool
	fleet    *fleet.Fleet
	restarts func() uint64
}

// NewProgress returns the progress of a fleet. The last column shows restarts; nil leaves it out.
func NewProgress(out io.Writer, f *fleet.Fleet, restarts func() uint64) *Progress {
	p := &Progress{out: out, fleet: f, restarts: restarts}
	if file, ok := out.(*os.File); ok {
		info, err := file.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// Run prints lines until ctx ends.
func (p *Progress) Run(ctx context.Context) error {
	if err := printf(p.out, "%s\n", p.header()); err != nil {
		return err
	}
	began, last := time.Now(), time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := p.print(time.Since(began), time.Since(last)); err != nil {
				return err
			}
			last = time.Now()
		case <-ctx.Done():
			if p.terminal {
				return printf(p.out, "\n")
			}
			return nil
		}
	}
}

func (p *Progress) print(at, interval time.Duration) error {
	line := p.line(at, interval)
	if p.terminal {
		return printf(p.out, "\r\x1b[K%s", line)
	}
	return printf(p.out, "%s\n", line)
}

// line fits 80 columns.
func (p *Progress) line(at, interval time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%3ds%11d", int(at.Seconds()+0.5), p.fleet.Registered())
	var failed uint64
	for _, f := range p.fleet.Interval() {
		failed += f.Wrong + f.Timeouts + f.Errors
		if f.Operation != fleet.OpQuery {
			fmt.Fprintf(&b, "%8.0f%8s%8s", float64(f.Done)/interval.Seconds(), brief(f.P50), brief(f.P99))
		}
	}
	fmt.Fprintf(&b, "%7d", failed)
	if p.restarts != nil {
		fmt.Fprintf(&b, "%9d", p.restarts())
	}
	return b.String()
}

func (p *Progress) header() string {
	h := fmt.Sprintf("%4s%11s%8s%8s%8s%8s%8s%8s%7s", "time", "registered", "authn/s", "p50", "p99", "reg/s", "p50", "p99", "failed")
	if p.restarts != nil {
		h += fmt.Sprintf("%9s", "restarts")
	}
	return h
}

// brief formats a latency in at most seven characters.
func brief(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.1fms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.2fs", d.Seconds())
}

// WriteFigures prints the figures of a whole run as a table of 80 columns.
func WriteFigures(out io.Writer, figures []fleet.Figures, took time.Duration) error {
	err := printf(out, "%-12s %7s %7s %5s %7s %5s %7s %7s %7s %7s\n",
		"operation", "done", "done/s", "wrong", "timeout", "error", "p50", "p90", "p99", "max")
	if err != nil {
		return err
	}
	for _, f := range figures {
		err := printf(out, "%-12s %7d %7.1f %5d %7d %5d %7s %7s %7s %7s\n", f.Operation, f.Done, float64(f.Done)/took.Seconds(),
			f.Wrong, f.Timeouts, f.Errors, brief(f.P50), brief(f.P90), brief(f.P99), brief(f.Max))
		if err != nil {
			return err
		}
	}
	return nil
}
