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

// Run lists the points and what can happen at each.
func (*faultPointsCmd) Run(env Env) error {
	w := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "POINT\tWHERE\tWHAT CAN HAPPEN") // Flush reports it
	for _, p := range fault.Points() {
		kinds := make([]string, 0, len(fault.Kinds(p)))
		for _, k := range fault.Kinds(p) {
			kinds = append(kinds, string(k))
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\n", p, p.Description(), strings.Join(kinds, " ")) // as above
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

// faultArmCmd is registrar fault arm.
type faultArmCmd struct {
	dataFlag
	Point   string        `required:"" help:"Where: see registrar fault points."`
	Kind    string        `required:"" help:"What: panic, goexit, error, delay, hang, torn; for messages on their way drop, delay, duplicate."`
	Process string        `help:"In which process: its name, or a pattern such as 'user/*'; any if none is given."`
	Message string        `help:"Over which message: its type, such as registration.Register or Register; any if none is given."`
	Skip    int           `help:"How many times it lets pass first."`
	Times   int           `help:"How often it hits then." default:"1"`
	For     time.Duration `help:"How long a delay takes; 100ms if not given. A hang ends when it is disarmed."`
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
		return usage{errors.New("--times: a fault that hits 0 times is none")}
	case c.For != 0 && r.Kind != fault.Delay:
		return usage{fmt.Errorf("--for: only a delay takes a time, and %s is none", r.Kind)}
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
	JSON bool `name:"json" help:"One JSON object a fault; times in nanoseconds."`
}

// Run lists what was armed and not disarmed.
func (c *faultListCmd) Run(ctx context.Context, env Env) error {
	all, err := running(c.Data).Faults(ctx)
	if err != nil {
		return err
	}
	if len(all) == 0 && !c.JSON {
		return printf(env.Stderr, "nothing is armed\n")
	}
	w := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
	if !c.JSON {
		_, _ = fmt.Fprintln(w, "ID\tPOINT\tKIND\tPROCESS\tMESSAGE\tSKIP\tHITS\tOF") // Flush reports it
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
	ID  uint64 `arg:"" optional:"" help:"Its number, as list shows it."`
	All bool   `help:"All of them."`
}

// Run takes faults away.
func (c *faultDisarmCmd) Run(ctx context.Context, env Env) error {
	if c.All == (c.ID != 0) {
		return usage{errors.New("name its number, or say --all")}
	}
	n, err := running(c.Data).Disarm(ctx, c.ID)
	if err != nil {
		return err
	}
	return printf(env.Stdout, "%d disarmed\n", n)
}
