package traceview

import (
	"fmt"
	"io"
	"strings"

	"registrar/actors/trace"
)

// Mermaid writes the events as a sequence diagram of Mermaid (https://mermaid.js.org/syntax/sequenceDiagram.html).
func Mermaid(w io.Writer, events []trace.Event) error {
	c, err := draw(events)
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("sequenceDiagram\n")
	for i, name := range c.lanes {
		fmt.Fprintf(&b, "    participant P%d as %s\n", i, plain(name))
	}
	for _, r := range c.rows {
		text := plain(r.label)
		switch {
		case r.from == r.to && r.mark != marks[trace.Message]:
			fmt.Fprintf(&b, "    Note over P%d: %s %s\n", r.to, r.mark, text)
		case r.bad:
			fmt.Fprintf(&b, "    P%d-xP%d: %s\n", r.from, r.to, text)
		default:
			fmt.Fprintf(&b, "    P%d->>P%d: %s\n", r.from, r.to, text)
		}
	}
	return write(w, b.String())
}

// plain takes out what Mermaid would read as its own: a semicolon ends a statement, a hash begins an entity.
func plain(s string) string {
	return strings.NewReplacer("#", "#35;", ";", "#59;", "<", "#lt;", ">", "#gt;", "\n", " ").Replace(s)
}
