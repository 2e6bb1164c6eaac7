package traceview

import (
	"fmt"
	"io"
	"strings"

	"registrar/actors/trace"
)

// WriteCrashReport writes the process, the reason, the state, the chart of the events and the
// stack of a crash.
func WriteCrashReport(w io.Writer, c *trace.CrashReport) error {
	var b strings.Builder
	fmt.Fprintf(&b, "crash %d\n  time     %s\n  process  %s, epoch %s\n  reason   %s\n", c.ID, c.Time.UTC().Format("2006-01-02 15:04:05.000 MST"), c.Process, c.Epoch, c.Reason)
	if c.Message != "" {
		fmt.Fprintf(&b, "  message  %s %v\n  path     %s\n", c.Message, c.MessageID, c.Path())
	}
	if c.State != "" {
		fmt.Fprintf(&b, "  state    %s\n", c.State)
	}
	b.WriteString("\n")
	if err := write(w, b.String()); err != nil {
		return err
	}
	if err := Text(w, c.Events); err != nil {
		return err
	}
	return write(w, "\n"+c.Stack)
}
