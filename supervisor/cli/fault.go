package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"registrar/actors/fault"
)

// faultPointsCmd is registrar fault points.
type faultPointsCmd struct{}

// Run lists the fault points and the kinds of faults at each.
func (*faultPointsCmd) Run(env Env) error {
	w := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "POINT\tDESCRIPTION\tKINDS") // Flush returns the error
	for _, p := range fault.Points() {
		kinds := make([]string, 0, len(fault.Kinds(p)))
		for _, k := range fault.Kinds(p) {
			kinds = append(kinds, string(k))
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\n", p, p.Description(), strings.Join(kinds, " ")) // likewise
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

// faultArmCmd is registrar fault arm.
type faultArmCmd struct {
	dataFlag
	Point   string        `required:"" help:"Fault point, see registrar fault points."`
	Kind    string        `required:"" help:"Kind: panic, goexit, error, delay, hang, torn; for messages in transit drop, delay, duplicate."`
	Process string        `help:"Name of the process, or a pattern such as 'user/*'; any by default."`
	Message string        `help:"Type of the message, such as registration.Register or Register; any by default."`
	Skip    int           `help:"Number of passes before the first hit."`
	Times   int           `help:"Number of hits." default:"1"`
	For     time.Duration `help:"Duration of a delay, by default 100ms. A hang ends when it is disarmed."`
}

// Run arms a fault.
func (c *faultArmCmd) Run(ctx context.Context, env Env) error {
	r := fault.Rule{
		Point: fault.Point(c.Point), Kind: fault.Kind(c.Kind), Process: c.Process, Message: c.Message, Skip: c.Skip, Times: c.Times, For: c.For,
	}
	switch err := r.Check(); {
	case err != nil:
		return usage{err}
	case c.Times == 0:
		return usage{errors.New("--times: 0 is less than 1")}
	case c.For != 0 && r.Kind != fault.Delay:
		return usage{fmt.Errorf("--for: only a delay has a duration, %s has none", r.Kind)}
	}
	id, err := running(c.Data).Arm(ctx, r)
	if err != nil {
		return err
	}
	return printf(env.Stdout, "fault %d armed\n", id)
}

// faultListCmd is registrar fault list.
type faultListCmd struct {
	dataFlag
	JSON bool `name:"json" help:"JSON Lines, one for each fault; times in nanoseconds."`
}

// Run lists the armed faults.
func (c *faultListCmd) Run(ctx context.Context, env Env) error {
	all, err := running(c.Data).Faults(ctx)
	if err != nil {
		return err
	}
	if len(all) == 0 && !c.JSON {
		return printf(env.Stderr, "no armed faults\n")
	}
	w := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
	if !c.JSON {
		_, _ = fmt.Fprintln(w, "ID\tPOINT\tKIND\tPROCESS\tMESSAGE\tSKIP\tHITS\tOF") // Flush returns the error
	}
	for i := range all {
		r := &all[i]
		if c.JSON {
			if err := printJSON(env.Stdout, r); err != nil {
				return err
			}
			continue
		}
		_, _ = fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%d\t%d\t%d\n", r.ID, r.Point, r.Kind, anyOf(r.Process), anyOf(r.Message), r.Skip, r.Hits, r.Times)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

func anyOf(name string) string {
	if name == "" {
		return "any"
	}
	return name
}

// faultDisarmCmd is registrar fault disarm.
type faultDisarmCmd struct {
	dataFlag
	ID  uint64 `arg:"" optional:"" help:"Number of the fault, see fault list."`
	All bool   `help:"Select all."`
}

// Run disarms faults.
func (c *faultDisarmCmd) Run(ctx context.Context, env Env) error {
	if c.All == (c.ID != 0) {
		return usage{errors.New("give a number or --all")}
	}
	n, err := running(c.Data).Disarm(ctx, c.ID)
	if err != nil {
		return err
	}
	return printf(env.Stdout, "%s disarmed\n", count(n, "fault"))
}
