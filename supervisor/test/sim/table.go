package sim

import (
	"fmt"
	"strings"

	"registrar/actors/fault"
)

// Table shows cells, one line for each message of each actor. For each point it shows a letter
// for each kind of fault, in lower case when the cell passed.
func Table(cells []Cell, red map[string]bool) string {
	letters := map[fault.Kind]string{
		fault.Panic: "p", fault.Goexit: "g", fault.Delay: "d", fault.Hang: "h", fault.Error: "e", fault.Torn: "t", fault.Drop: "l", fault.Duplicate: "2",
	}
	var lines []string
	at := map[string]map[fault.Point]string{}
	for _, c := range cells {
		name := c.Actor + " " + c.Message
		if at[name] == nil {
			at[name] = map[fault.Point]string{}
			lines = append(lines, name)
		}
		letter := letters[c.Kind]
		if c.Ending == Abandoned {
			letter = "k"
		}
		if red[c.String()] {
			letter = strings.ToUpper(letter)
		}
		at[name][c.Point] += letter
	}
	var b strings.Builder
	b.WriteString("p panic, g Goexit, d delay, h hang, k hang and kill, e error, t torn write, l lost, 2 doubled; a capital letter is one that failed\n")
	for _, l := range lines {
		fmt.Fprintf(&b, "%-42s", l)
		for _, p := range fault.Points() {
			if kinds := at[l][p]; kinds != "" {
				fmt.Fprintf(&b, " %s:%s", p, kinds)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
