package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"registrar/actors/otp"
	"registrar/supervisor"
	"registrar/supervisor/console"
)

// running returns a client of the server that uses the data directory.
func running(data string) *console.Client {
	return console.NewClient(filepath.Join(data, supervisor.ControlSocket))
}

// treeCmd is registrar tree.
type treeCmd struct {
	dataFlag
	JSON bool `name:"json" help:"One JSON object; times in nanoseconds."`
	All  bool `help:"Show all processes; by default rows of similar idle ones are one line."`
}

// Run prints one line for each process.
func (c *treeCmd) Run(ctx context.Context, env Env) error {
	root, err := running(c.Data).Tree(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(env.Stdout, root)
	}
	w := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "PROCESS\tKIND\tSTATE\tSINCE\tRESTARTS\tEPOCH\tQUEUE\tOLDEST\tCHILDREN\tHANDLING\tCONDITION") // Flush returns the error
	c.draw(w, root, "", "")
	if err := w.Flush(); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

// draw draws n after branch, and its children after indent.
func (c *treeCmd) draw(w io.Writer, n otp.Node, branch, indent string) {
	_, _ = fmt.Fprintf(w, "%s%s\t%s\t%s\t%s\t%d\t%v\t%d\t%s\t%s\t%s\t%s\n", branch, n.Name, n.Kind, n.State,
		n.Since.Round(time.Second), n.Restarts, n.Epoch, n.Queue, span(n.Oldest), some(n.Dynamic), handling(n), cmp.Or(n.Condition, "-"))
	for i := 0; i < len(n.Children); {
		similar, dynamic := 0, 0
		for _, k := range n.Children[i:] {
			if c.All || !idle(k) || stem(k) != stem(n.Children[i]) {
				break
			}
			similar, dynamic = similar+1, dynamic+k.Dynamic
		}
		if similar < foldFrom {
			similar = 1
		}
		here, below := indent+"├─ ", indent+"│  "
		if i+similar == len(n.Children) {
			here, below = indent+"└─ ", indent+"   "
		}
		if similar == 1 {
			c.draw(w, n.Children[i], here, below)
			i++
			continue
		}
		_, _ = fmt.Fprintf(w, "%s%s … %s\t%d workers\tup\t-\t0\t-\t0\t-\t%s\t-\t-\n", here, n.Children[i].Name, n.Children[i+similar-1].Name, similar, some(dynamic))
		i += similar
	}
}

// foldFrom is the least number of similar idle processes in a row that are shown as one line.
const foldFrom = 8

// stem is the name of a process without its number.
func stem(n otp.Node) string { return strings.TrimRight(n.Name, "0123456789") }

func idle(n otp.Node) bool {
	return n.Kind == "worker" && n.State == "up" && n.Restarts == 0 && n.Queue == 0 && n.Handling == "" && n.Condition == ""
}

func span(d time.Duration) string {
	switch {
	case d == 0:
		return "-"
	case d < time.Second:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Second).String()
}

func some(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

func handling(n otp.Node) string {
	if n.Handling == "" {
		return "-"
	}
	return n.Handling + " for " + span(n.HandlingFor)
}
