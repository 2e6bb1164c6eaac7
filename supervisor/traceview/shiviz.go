package traceview

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strings"

	"registrar/actors/trace"
)

// ShiViz writes a log with vector clocks for https://bestchai.bitbucket.io/shiviz. Each event
// takes two lines, "process {clock}" and a description. The regular expression for its parser is
// (?<host>\S*) (?<clock>{.*})\n(?<event>.*).
func ShiViz(w io.Writer, events []trace.Event) error {
	clocks := map[string]map[string]int{}
	sent := map[trace.ID]map[string]int{}
	var b strings.Builder
	for _, e := range events {
		host := strings.ReplaceAll(e.Process, " ", "_")
		clock := clocks[host]
		if clock == nil {
			clock = map[string]int{}
			clocks[host] = clock
		}
		for k, n := range sent[e.Cause] {
			clock[k] = max(clock[k], n)
		}
		clock[host]++
		if e.ID != 0 {
			sent[e.ID] = maps.Clone(clock)
		}
		text, err := json.Marshal(clock)
		if err != nil {
			return fmt.Errorf("write the log: %w", err)
		}
		fmt.Fprintf(&b, "%s %s\n%s\n", host, text, strings.ReplaceAll(label(e), "\n", " "))
	}
	return write(w, b.String())
}
