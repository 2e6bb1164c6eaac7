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

// running is the server that uses the data directory.
func running(data string) *console.Client {
	return console.NewClient(filepath.Join(data, supervisor.ControlSocket))
}

// treeCmd is registrar tree.
type treeCmd struct {
	dataFlag
	JSON bool `name:"json" help:"One JSON object; times in nanoseconds."`
	All  bool `help:"Show each of many like processes that have nothing to tell."`
}

// Run prints the tree, a process a line.
func (c *treeCmd) Run(ctx context.Context, env Env) error {
	root, err := running(c.Data).Tree(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(env.Stdout, root)
	}
	w := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "PROCESS\tKIND\tSTATE\tSINCE\tRESTARTS\tEPOCH\tQUEUE\tOLDEST\tCHILDREN\tIN HAND\tTROUBLE") // Flush reports it
	c.draw(w, root, "", "")
	if err := w.Flush(); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

// draw draws n behind its branch, and its children behind indent.
func (c *treeCmd) draw(w io.Writer, n otp.Node, branch, indent string) {
	_, _ = fmt.Fprintf(w, "%s%s\t%s\t%s\t%s\t%d\t%v\t%d\t%s\t%s\t%s\t%s\n", branch, n.Name, n.Kind, n.State,
		n.Since.Round(time.Second), n.Restarts, n.Epoch, n.Queue, span(n.Oldest), some(n.Dynamic), inHand(n), cmp.Or(n.Condition, "-"))
	for i := 0; i < len(n.Children); {
		quiet, dynamic := 0, 0
		for _, k := range n.Children[i:] {
			if c.All || !nothingToTell(k) || stem(k) != stem(n.Children[i]) {
				break
			}
			quiet, dynamic = quiet+1, dynamic+k.Dynamic
		}
		if quiet < foldFrom {
			quiet = 1
		}
		here, below := indent+"├─ ", indent+"│  "
		if i+quiet == len(n.Children) {
			here, below = indent+"└─ ", indent+"   "
		}
		if quiet == 1 {
			c.draw(w, n.Children[i], here, below)
			i++
			continue
		}
		_, _ = fmt.Fprintf(w, "%s%s … %s\t%d workers\tup\t-\t0\t-\t0\t-\t%s\t-\t-\n", here, n.Children[i].Name, n.Children[i+quiet-1].Name, quiet, some(dynamic))
		i += quiet
	}
}

// foldFrom is from how many processes in a row that have nothing to tell one line is shown for them all.
const foldFrom = 8

// stem is the name of a process without its number.
func stem(n otp.Node) string { return strings.TrimRight(n.Name, "0123456789") }

func nothingToTell(n otp.Node) bool {
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

func inHand(n otp.Node) string {
	if n.Handling == "" {
		return "-"
	}
	return n.Handling + " for " + span(n.HandlingFor)
}
