package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"registrar/amqpbridge/softswitch"
)

// live shows a line a second about a fleet: on a terminal always the same one, elsewhere one below the other.
type live struct {
	out      io.Writer
	terminal bool
	fleet    *softswitch.Fleet
	// more is what is shown behind the figures; nil is nothing.
	more func() string
}

func newLive(out io.Writer, fleet *softswitch.Fleet, more func() string) *live {
	l := &live{out: out, fleet: fleet, more: more}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		l.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return l
}

// run shows lines until ctx ends.
func (l *live) run(ctx context.Context) error {
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

func (l *live) line(at, over time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%4ds  registered %5d", int(at.Seconds()+0.5), l.fleet.Registered())
	for _, f := range l.fleet.Interval() {
		fmt.Fprintf(&b, " | %s %5.0f/s p50 %s p99 %s", short(f.Operation), float64(f.Done)/over.Seconds(), brief(f.P50), brief(f.P99))
		if bad := f.Wrong + f.Timeouts + f.Errors; bad > 0 {
			fmt.Fprintf(&b, " failed %d", bad)
		}
	}
	if l.more != nil {
		b.WriteString(" | " + l.more())
	}
	return b.String()
}

func short(op softswitch.Operation) string {
	if op == softswitch.OpRegistration {
		return "reg"
	}
	return string(op)
}

// brief shows a latency in five characters.
func brief(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%5.1fms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%6.2fs", d.Seconds())
}

// table shows the figures of a whole run.
func table(out io.Writer, figures []softswitch.Figures, took time.Duration) error {
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
