package traceview

import (
	"fmt"
	"io"
	"strings"

	"registrar/actors/trace"
)

// Mermaid writes a Mermaid sequence diagram (https://mermaid.js.org/syntax/sequenceDiagram.html).
func Mermaid(w io.Writer, events []trace.Event) error {
	c, err := draw(events)
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("sequenceDiagram\n")
	for i, name := range c.lanes {
		fmt.Fprintf(&b, "    participant P%d as %s\n", i, escape(name))
	}
	for _, r := range c.rows {
		text := escape(r.label)
		switch {
		case r.from == r.to && r.mark != marks[trace.Message]:
			fmt.Fprintf(&b, "    Note over P%d: %s %s\n", r.to, r.mark, text)
		case r.failed:
			fmt.Fprintf(&b, "    P%d-xP%d: %s\n", r.from, r.to, text)
		default:
			fmt.Fprintf(&b, "    P%d->>P%d: %s\n", r.from, r.to, text)
		}
	}
	return write(w, b.String())
}

// escape escapes the characters that Mermaid interprets: a semicolon ends a statement, a hash
// begins an entity.
func escape(s string) string {
	return strings.NewReplacer("#", "#35;", ";", "#59;", "<", "#lt;", ">", "#gt;", "\n", " ").Replace(s)
}
